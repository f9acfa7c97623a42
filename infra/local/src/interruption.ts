// Ctrl-C and the like, and the end of the terminal or npm that started a command.
import { once } from 'node:events';
import { isRunning } from '../process-identity.mjs';
import { ownersOfThisProcess } from './processes.ts';

const OWNER_CHECK_MS = 1_000;

export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  /** As shells count: 128 and the signal's number. */
  readonly exitCode: number;

  constructor(reason: string, exitCode: number) {
    super(reason);
    this.exitCode = exitCode;
  }
}

const signals = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** Aborted with an Interrupted when this process is asked to end, or when what started it is gone. */
export function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const [signal, exitCode] of Object.entries(signals)) {
    process.on(signal, () => controller.abort(new Interrupted(signal, exitCode)));
  }
  const owners = ownersOfThisProcess();
  setInterval(() => {
    if (!owners.every(isRunning)) controller.abort(new Interrupted('whoever started this is gone', signals.SIGHUP));
  }, OWNER_CHECK_MS).unref();
  return controller.signal;
}

/** Keeps this process alive until the signal is aborted. */
export async function untilInterrupted(signal: AbortSignal): Promise<void> {
  const alive = setInterval(() => {}, OWNER_CHECK_MS);
  if (!signal.aborted) await once(signal, 'abort');
  clearInterval(alive);
}
