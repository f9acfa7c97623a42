import { Logger } from '@nestjs/common';
import { runCommand } from '@orderstream/local-stack/command';
import { failureReport, smallestFailing } from './failure-report.ts';
import { leftOut } from './left-out.ts';
import { HELP, type SimulateOptions, parseOptions } from './options.ts';
import { simulate } from './world.ts';

const PROGRESS_EVERY_MS = 5_000;

const say = (line: string): void => console.log(line);

/** Whether every seed is clean. */
async function runSeeds({ seed, seeds, steps, orders }: SimulateOptions): Promise<boolean> {
  const startedAt = performance.now();
  let toldAt = startedAt;
  let events = 0;
  let taken = 0;
  for (let next = seed; next < seed + seeds; next++) {
    const options = { seed: next, steps, orders };
    const result = await simulate(options);
    if (result.violations.length > 0) {
      await reportFailure(options);
      return false;
    }
    events += result.events.length;
    taken += result.steps;
    if (performance.now() - toldAt > PROGRESS_EVERY_MS) {
      toldAt = performance.now();
      say(`  ${next - seed + 1} of ${seeds} seeds, ${events} events`);
    }
  }
  const seconds = (performance.now() - startedAt) / 1000;
  say(`${seeds} seeds, ${taken} steps, ${events} events: clean (${seconds.toFixed(1)} s, ${Math.round(taken / seconds)} steps a second)`);
  return true;
}

async function reportFailure(failing: { seed: number; steps: number; orders: number }): Promise<void> {
  say(`Seed ${failing.seed} shows something wrong. Looking for its smallest story …`);
  const { options, result } = await smallestFailing(failing);
  for (const line of failureReport(result)) say(line);
  say(`\nAgain: npm run simulate -- --seed ${options.seed} --steps ${options.steps} --orders ${options.orders}`);
}

/** Whether the absence of each rule shows. */
async function runWithoutRules({ seed, seeds, steps, orders }: SimulateOptions): Promise<boolean> {
  let unseen = 0;
  for (const { rule, rules } of leftOut) {
    let caught: string | undefined;
    let by = seed;
    for (; by < seed + seeds && caught === undefined; by++) {
      caught = (await simulate({ seed: by, steps, orders, rules })).violations[0]?.what;
    }
    if (caught === undefined) unseen += 1;
    say(caught === undefined ? `UNSEEN     ${rule}` : `seed ${String(by - 1).padStart(4)}  ${rule}\n           ${caught}`);
  }
  say(`${leftOut.length - unseen} of ${leftOut.length} rules are missed when they are left out`);
  return unseen === 0;
}

async function main(args: readonly string[]): Promise<number> {
  // The services would log simulated faults.
  Logger.overrideLogger(false);
  const options = parseOptions(args);
  return (await (options.rules ? runWithoutRules(options) : runSeeds(options))) ? 0 : 1;
}

await runCommand(HELP, main);
