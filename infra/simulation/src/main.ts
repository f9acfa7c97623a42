import { Logger } from '@nestjs/common';
import { runCommand } from '@orderstream/local-stack/command';
import { HELP, type SimulateOptions, parseOptions } from './options.ts';
import { type SimulatedWorld, worlds } from './worlds.ts';

const PROGRESS_EVERY_MS = 5_000;

const say = (line: string): void => console.log(line);

/** Whether every seed is clean. */
async function runSeeds(world: SimulatedWorld, { seed, seeds, steps, orders }: SimulateOptions): Promise<boolean> {
  const startedAt = performance.now();
  let toldAt = startedAt;
  let [events, taken] = [0, 0];
  for (let next = seed; next < seed + seeds; next++) {
    const result = await world.run({ seed: next, steps, orders });
    if (result.wrong !== undefined) {
      say(`${world.name}: seed ${next} shows something wrong. Looking for its smallest story …`);
      for (const line of await world.story({ seed: next, steps, orders })) say(line);
      return false;
    }
    events += result.events;
    taken += result.steps;
    if (performance.now() - toldAt > PROGRESS_EVERY_MS) {
      toldAt = performance.now();
      say(`  ${world.name}: ${next - seed + 1} of ${seeds} seeds, ${events} events`);
    }
  }
  const seconds = (performance.now() - startedAt) / 1000;
  const speed = `${seconds.toFixed(1)} s, ${Math.round(taken / seconds)} steps a second`;
  say(`${world.name}: ${seeds} seeds, ${taken} steps, ${events} events: clean (${speed})`);
  return true;
}

/** Whether the absence of each rule shows. */
async function runWithoutRules({ name, leftOut }: SimulatedWorld, { seed, seeds, steps, orders }: SimulateOptions): Promise<boolean> {
  let unseen = 0;
  for (const { rule, run } of leftOut) {
    let caught: string | undefined;
    let by = seed;
    for (; by < seed + seeds && caught === undefined; by++) caught = (await run({ seed: by, steps, orders })).wrong;
    if (caught === undefined) unseen += 1;
    say(caught === undefined ? `UNSEEN     ${rule}` : `seed ${String(by - 1).padStart(4)}  ${rule}\n           ${caught}`);
  }
  say(`${name}: ${leftOut.length - unseen} of ${leftOut.length} rules are missed when they are left out`);
  return unseen === 0;
}

async function main(args: readonly string[]): Promise<number> {
  // The services would log simulated faults.
  Logger.overrideLogger(false);
  const options = parseOptions(args);
  let isRight = true;
  for (const world of await worlds(options.world)) {
    isRight = (await (options.rules ? runWithoutRules(world, options) : runSeeds(world, options))) && isRight;
  }
  return isRight ? 0 : 1;
}

await runCommand(HELP, main);
