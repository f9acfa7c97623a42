import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { MINUTE_MS, type Rack, type Verdict } from '../torture.ts';
import { modelCommand } from './arbitraries.ts';
import { type ModelCommand, readOn } from './commands.ts';
import { Server } from './server.ts';
import { Specified } from './specified.ts';

export interface ModelOptions {
  readonly minutes: number;
  /** Where fast-check found something: only that is run. */
  readonly path?: string;
  readonly replay?: string;
}

const RUNS = 20;
const LARGEST_RUN_COMMANDS = 100;
const SHRINK_MS = 2 * MINUTE_MS;

/** Gives how many commands were run. @throws at the first disagreement. */
export async function runOnce(folder: string, signal: AbortSignal, commands: Iterable<ModelCommand>): Promise<number> {
  const data = mkdtempSync(join(folder, 'run-'));
  const server = await Server.start(data, signal);
  try {
    const model = new Specified();
    for (const each of await server.read({ all: { start: {} }, count: 1000 }))
      if (typeof each === 'object' && 'event' in each) model.adopt(each.event!);
    await fc.asyncModelRun(() => ({ model, real: server }), commands);
    await readOn(model, server);
    if (server.errors !== '') throw new Error(`It told its operator: ${server.errors}`);
    return server.commands;
  } finally {
    await server.end();
    rmSync(data, { recursive: true, force: true });
  }
}

/** Random commands, of which the model says what comes of them, on a new emulator each time. */
export async function tortureByModel({ folder, signal, say, seed }: Rack, { minutes, path, replay }: ModelOptions): Promise<Verdict> {
  let commands = 0;
  let runs = 0;
  const once = async (each: Iterable<ModelCommand>): Promise<void> => {
    if (Date.now() > deadline + SHRINK_MS) return;
    commands += await runOnce(folder, signal, each);
    runs += 1;
  };
  const settings = replay === undefined ? {} : { replayPath: replay };
  const arbitrary = fc.commands([modelCommand], { maxCommands: LARGEST_RUN_COMMANDS, size: 'max', ...settings });
  const deadline = Date.now() + minutes * MINUTE_MS;
  for (let next = seed; next === seed || Date.now() < deadline; next++) {
    const left = Math.max(1, deadline - Date.now());
    const at = path === undefined ? { numRuns: RUNS, interruptAfterTimeLimit: left + SHRINK_MS } : { path };
    const found = await fc.check(fc.asyncProperty(arbitrary, once), { seed: next, ...at });
    signal.throwIfAborted();
    if (found.failed) return violated(found, next, minutes);
    if ((next - seed) % 5 === 4) say(`  ${runs} runs, ${commands} commands`);
    if (path !== undefined) break;
  }
  return { summary: `${runs} runs, ${commands} commands from seed ${seed} on`, violations: [], again: `model --seed ${seed}` };
}

function violated(found: fc.RunDetails<[cmds: Iterable<ModelCommand>]>, seed: number, minutes: number): Verdict {
  const story = fc.stringify(found.counterexample?.[0]);
  const replay = /replayPath=\\?"([^"\\]*)\\?"/.exec(story)?.[1];
  const again = `model --minutes ${minutes} --seed ${seed} --path ${found.counterexamplePath}${replay === undefined ? '' : ` --replay ${replay}`}`;
  const cause =
    found.errorInstance instanceof Error ? (found.errorInstance.stack ?? found.errorInstance.message) : String(found.errorInstance);
  return {
    summary: `a disagreement after ${found.numRuns} runs and ${found.numShrinks} shrinks`,
    violations: [`${story}\n${cause}`],
    again,
  };
}
