import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { cpuSecondsBelow, usedFrom } from './processor-time.ts';

const BURNT_SECONDS = 0.1;

it('the time of a process and of its ended children is read past a name with spaces and parentheses', () => {
  const stat = '42 (odd) name (x) S 7 42 42 0 -1 4194304 100 0 0 0 150 50 30 20 20 0 11 0 12345 1000 200';
  expect(usedFrom(stat)).toEqual({ parent: 7, cpuSeconds: 2.5 });
});

it.runIf(process.platform === 'linux')('what a child has used counts for the process above it, also after the child has ended', () => {
  const used = (): number => cpuSecondsBelow(new Set([process.pid])).get(process.pid)!;
  const before = used();
  spawnSync(process.execPath, ['-e', `while (process.cpuUsage().user < ${BURNT_SECONDS * 1_000_000}) ;`]);
  expect(used() - before).toBeGreaterThanOrEqual(BURNT_SECONDS - 0.01);
});

it.runIf(process.platform === 'linux')('a process that does not run has used nothing', () => {
  const none = 2 ** 30;
  expect(cpuSecondsBelow(new Set([none]))).toEqual(new Map([[none, 0]]));
});
