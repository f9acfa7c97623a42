// Starting a process and knowing when it is ready.
import { once } from 'node:events';
import { setTimeout as passed } from 'node:timers/promises';
import { logFile } from './layout.ts';
import { lastLines } from './log-tail.ts';
import { endProcess, spawnProcess, type Spawned, type Spawning } from './processes.ts';

const POLL_MS = 100;
const END_GRACE_MS = 10_000;
const SHOWN_LINES = 20;

/** Its message ends with the last lines of the process's log. */
export class StartFailed extends Error {
  override readonly name = 'StartFailed';
}

/** Repeats `attempt` until it resolves; rejects with its last error, or at once with a StartFailed or what `givenUp` returns. */
export async function until(
  attempt: () => Promise<void>,
  timeoutMs: number,
  givenUp: () => Error | undefined = () => undefined,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const reason = givenUp();
    if (reason !== undefined) throw reason;
    try {
      await attempt();
      return;
    } catch (error) {
      if (error instanceof StartFailed || performance.now() > deadline) throw error;
    }
    await passed(POLL_MS);
  }
}

function failure(what: string, { name, dataDir }: Spawning, { logOffsetBytes }: Spawned): StartFailed {
  const file = logFile(dataDir, name);
  const lines = lastLines(file, SHOWN_LINES, logOffsetBytes).map((line) => `  ${line}`);
  return new StartFailed([`${name} ${what}. The end of its log, ${file}:`, ...lines].join('\n'));
}

function howItEnded({ child }: Spawned): string | undefined {
  if (child.signalCode !== null) return `was ended by ${child.signalCode}`;
  return child.exitCode === null ? undefined : `ended with exit code ${child.exitCode}`;
}

export interface Waiting {
  /** Resolves when the process is ready. A StartFailed says that it never will be. */
  readonly probe: () => Promise<void>;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Starts a process and waits for it. Throws StartFailed, or the signal's reason, and leaves no process then. */
export async function startAndWait(spawning: Spawning, { probe, timeoutMs, signal }: Waiting): Promise<void> {
  signal.throwIfAborted();
  const spawned = spawnProcess(spawning);
  let spawnError: Error | undefined;
  spawned.child.once('error', (error) => (spawnError = error));
  const givenUp = (): Error | undefined => {
    if (spawnError !== undefined) return new StartFailed(`${spawning.name} could not be started: ${spawnError.message}`);
    const how = howItEnded(spawned);
    if (how !== undefined) return failure(how, spawning, spawned);
    return signal.aborted ? (signal.reason as Error) : undefined;
  };
  try {
    await until(probe, timeoutMs, givenUp);
  } catch (error) {
    if (spawned.child.pid !== undefined) await endProcess(spawned.child.pid, 'SIGTERM', END_GRACE_MS);
    if (error instanceof StartFailed) throw error;
    signal.throwIfAborted();
    throw failure(`was not ready after ${timeoutMs / 1000} s (${(error as Error).message})`, spawning, spawned);
  }
}

/** Runs a process that ends by itself. Throws StartFailed unless it ends with exit code 0. */
export async function runToEnd(spawning: Spawning, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const spawned = spawnProcess(spawning);
  spawned.child.ref();
  try {
    await once(spawned.child, 'exit', { signal });
  } catch (error) {
    if (spawned.child.pid !== undefined) await endProcess(spawned.child.pid, 'SIGTERM', END_GRACE_MS);
    signal.throwIfAborted();
    throw new StartFailed(`${spawning.name} could not be started: ${(error as Error).message}`);
  }
  if (spawned.child.exitCode !== 0) throw failure(howItEnded(spawned) ?? '', spawning, spawned);
}
