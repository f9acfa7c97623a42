// npm run outages -- NAME: what faults of the servers do to the platform, on servers of its own.
import { runCommand } from '@orderstream/local-stack/command';
import { onFreshData } from '@orderstream/local-stack/fresh-data';
import { serversWith } from '@orderstream/local-stack/layout';
import { serviceNames } from '@orderstream/services';
import { agrees } from './afterwards.ts';
import { endure } from './endurance.ts';
import { type Ground, startGround } from './ground.ts';
import { meetOddAnswer } from './odd-answer-table.ts';
import { dependencies, oddAnswers } from './odd-answers.ts';
import { HELP, type OutagesOptions, parseOptions } from './options.ts';
import { stall, stallsOf } from './stall-table.ts';
import { Traffic } from './traffic.ts';

const READS_PER_ORDER = 2;
const STALLED_FOR_MS = 20_000;

const say = (line = ''): void => console.log(line);
const seconds = (ms: number | null): string => (ms === null ? '-' : `${(ms / 1_000).toFixed(1)} s`).padStart(7);

async function oddAnswerRows(ground: Ground, traffic: Traffic, only: string): Promise<string[]> {
  const wrong: string[] = [];
  say(`${'dependency: answer'.padEnd(48)}   told  at start   back`);
  for (const dependency of dependencies) {
    for (const fault of Object.keys(oddAnswers[dependency]).filter((name) => `${dependency}: ${name}`.includes(only))) {
      const row = await meetOddAnswer(ground, traffic, dependency, fault);
      const title = `${dependency}: ${fault}`;
      say(`${title.padEnd(48)}${seconds(row.toldMs)}${seconds(row.toldAtStartMs)}${seconds(row.backMs)}`);
      wrong.push(...tell(title, row.wrong));
    }
  }
  return wrong;
}

async function stallRows(ground: Ground, traffic: Traffic, only: string): Promise<string[]> {
  const wrong: string[] = [];
  say(`${'process: stall'.padEnd(48)}   told   back`);
  for (const target of [...serversWith(1), ...serviceNames]) {
    for (const kind of stallsOf(target).filter((name) => `${target}: ${name}`.includes(only))) {
      const row = await stall(ground, traffic, target, kind, STALLED_FOR_MS);
      const title = `${target}: ${kind}`;
      say(`${title.padEnd(48)}${seconds(row.toldMs)}${seconds(row.backMs)}`);
      wrong.push(...tell(title, row.wrong));
    }
  }
  return wrong;
}

function tell(title: string, wrong: readonly string[]): string[] {
  for (const line of wrong) say(`    WRONG  ${line.slice(0, 400)}`);
  return wrong.map((line) => `${title}: ${line}`);
}

/** Whether nothing was wrong and the ledger is clean. */
async function run({ name, only, rate, minutes }: OutagesOptions, dataDir: string, signal: AbortSignal): Promise<boolean> {
  const ground = await startGround(dataDir, { signal, onProgress: (line) => say(`  ${line}`) });
  const traffic = new Traffic({ urls: ground.urls, orders: ground.orders, ordersPerSecond: rate, readsPerSecond: rate * READS_PER_ORDER });
  try {
    traffic.start();
    const wrong = await {
      'odd-answers': () => oddAnswerRows(ground, traffic, only),
      stalls: () => stallRows(ground, traffic, only),
      endurance: () => endure(ground, traffic, minutes, say),
    }[name]();
    await traffic.finish();
    for (const [answer, count] of [...traffic.answers].toSorted(([a], [b]) => a.localeCompare(b)))
      say(`  ${String(count).padStart(6)}  ${answer}`);
    const violations = [...wrong, ...traffic.violations];
    return (await agrees(ground, traffic, say)) && violations.length === 0;
  } finally {
    await ground.end();
  }
}

async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions(args);
  return (await onFreshData('outages', ({ dataDir, signal }) => run(options, dataDir, signal))) ? 0 : 1;
}

await runCommand(HELP, main);
