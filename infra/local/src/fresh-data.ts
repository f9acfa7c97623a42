import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { interruption, untilInterrupted } from './interruption.ts';
import { discardData, openStack } from './stack.ts';

export interface FreshData {
  readonly dataDir: string;
  /** Aborted with an Interrupted. */
  readonly signal: AbortSignal;
}

/**
 * A command's work in a data folder of its own. However it ends, interrupted too, whatever runs on that data ends with
 * it, and nothing of it stays.
 *
 * @param purpose names the folder.
 * @throws Interrupted, and what the work throws.
 */
export async function onFreshData<Result>(purpose: string, work: (data: FreshData) => Promise<Result>): Promise<Result> {
  const dataDir = mkdtempSync(join(tmpdir(), `orderstream-${purpose}-`));
  const signal = interruption();
  const interrupted = untilInterrupted(signal).then(() => Promise.reject(signal.reason as Error));
  try {
    return await Promise.race([work({ dataDir, signal }), interrupted]);
  } catch (fault) {
    throw signal.aborted ? signal.reason : fault;
  } finally {
    await openStack(dataDir)?.stop();
    discardData(dataDir);
    rmSync(dataDir, { recursive: true, force: true });
  }
}
