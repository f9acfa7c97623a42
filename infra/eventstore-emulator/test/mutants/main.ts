// npm run mutants [-- NAME …]: whether the emulator's tests notice what is wrong with faulty emulators.
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { mutants } from './catalogue.ts';
import { type Judged, judge } from './judge.ts';
import type { Mutant } from './mutant.ts';
import { TestRuns } from './test-runs.ts';
import type { Verdict } from './verdict.ts';

const HELP = `npm run mutants -- [options] [NAME …]

Starts the emulator with one mistake at a time and runs the tests that have to notice it: first without any
mistake, then each mutant. Mistakes are made as the emulator is loaded; the files stay as they are. The exit code
is 1 when a mutant survives, or when its tests can't judge it.

  NAME …      only these (default: all of them)
  --list      names and mistakes
  --help      this text

One of its tests by hand: EVENTSTORE_MUTANT=NAME npx vitest run --config infra/eventstore-emulator/test/mutants/vitest.config.ts FILE
`;

/** One more than there are cores: many tests only wait, for what a mutant never does. */
const AT_ONCE = availableParallelism() + 1;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

function lineOf({ mutant, verdict, seconds }: Judged, done: string): string {
  const result: Record<Verdict['kind'], () => string> = {
    killed: () => `killed by "${(verdict as Verdict & { kind: 'killed' }).by}"`,
    survived: () => `SURVIVED   ${mutant.mistake}`,
    unclear: () => `UNCLEAR    ${(verdict as Verdict & { kind: 'unclear' }).why}`,
  };
  return `${done}  ${seconds.toFixed(1).padStart(4)} s  ${mutant.name}: ${result[verdict.kind]()}`;
}

/** Whether all were killed. */
async function run(chosen: readonly Mutant[], runs: TestRuns): Promise<boolean> {
  const startedAt = performance.now();
  let done = 0;
  let killed = 0;
  say(`Tests of ${chosen.length} mutants, without any of them …`);
  await judge(chosen, runs, AT_ONCE, (judged) => {
    done += 1;
    if (judged.verdict.kind === 'killed') killed += 1;
    say(lineOf(judged, `${String(done).padStart(String(chosen.length).length)}/${chosen.length}`));
  });
  say(`${killed} of ${chosen.length} mutants killed (${((performance.now() - startedAt) / 1000).toFixed(0)} s)`);
  return killed === chosen.length;
}

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { list: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help === true) say(HELP);
  if (values.list === true) for (const { name, mistake } of mutants) say(`${name}\n    ${mistake}`);
  if (values.help === true || values.list === true) return 0;
  const unknown = positionals.filter((name) => mutants.every((mutant) => mutant.name !== name));
  if (unknown.length > 0) throw new TypeError(`There is no mutant ${unknown.join(', ')}`);
  const runs = new TestRuns();
  const broken = new Promise<number>((resolve) => {
    process
      .on('SIGINT', () => resolve(130))
      .on('SIGTERM', () => resolve(143))
      .on('SIGHUP', () => resolve(129));
  });
  try {
    const chosen = positionals.length === 0 ? mutants : mutants.filter(({ name }) => positionals.includes(name));
    return await Promise.race([run(chosen, runs).then((isClean) => (isClean ? 0 : 1)), broken]);
  } finally {
    await runs.end();
  }
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (cause) {
  process.stderr.write(`${cause instanceof Error ? cause.message : String(cause)}\n\n${cause instanceof TypeError ? HELP : ''}`);
  process.exitCode = cause instanceof TypeError ? 64 : 1;
}
