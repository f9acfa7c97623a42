// A data folder for one test, with whatever runs in it ended at the test's end.
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { endInOrder } from '../end-in-order.ts';
import { stackProcesses, type StackProcess } from '../processes.ts';
import { discardData } from '../stack.ts';

export const processesIn = (dataDir: string): StackProcess[] => stackProcesses().filter(({ stack }) => stack === dataDir);

export function temporaryDataFolder(): string {
  const dataDir = realpathSync(mkdtempSync(path.join(tmpdir(), 'orderstream-test-')));
  onTestFinished(async () => {
    await endInOrder(processesIn(dataDir));
    discardData(dataDir);
    rmSync(dataDir, { recursive: true, force: true });
  });
  return dataDir;
}
