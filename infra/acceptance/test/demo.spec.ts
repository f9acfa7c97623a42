import { rmSync } from 'node:fs';
import { stackProcesses } from '@orderstream/local-stack/processes';
import { discardData } from '@orderstream/local-stack/stack';
import { expect, it } from 'vitest';
import { eventually } from './harness.ts';
import { runNpm } from './run-npm.ts';

it('two demos run beside each other, tell their stories, end with a clean ledger, and leave nothing', async () => {
  const demos = [
    runNpm(['demo', '--', '--orders', '8', '--exit']),
    runNpm(['demo', '--', '--orders', '8', '--seed', '2', '--story', 'recalled and returned', '--exit']),
  ];
  for (const { ended, output } of demos) {
    expect({ code: await ended, output: output() }).toMatchObject({ code: 0, output: expect.stringContaining('The ledger is clean.') });
    const dataDir = /fresh data in (\S+)/.exec(output())![1];
    expect(stackProcesses().filter(({ stack }) => stack === dataDir)).toEqual([]);
  }
  const [delivered, returned] = demos.map(({ output }) => output());
  expect(delivered).toMatch(/story, "delivered"[^]*OrderDelivered/);
  expect(returned).toMatch(/story, "recalled and returned"[^]*ShipmentRecalled[^]*ShipmentReturned[^]*StockReturned/);
});

it('a demo that was killed (-9) leaves nothing that `stack down` does not end', async () => {
  const { child, output, ended } = runNpm(['demo', '--', '--orders', '4']);
  await eventually(() => expect(output()).toMatch(/kafka ready/), 120_000);
  const dataDir = /fresh data in (\S+)/.exec(output())![1];
  process.kill(-child.pid!, 'SIGKILL');
  await ended;
  expect(stackProcesses().filter(({ stack }) => stack === dataDir)).not.toEqual([]);
  const down = runNpm(['stack', '--', 'down']);
  expect({ code: await down.ended, output: down.output() }).toMatchObject({ code: 0 });
  expect(stackProcesses().filter(({ stack }) => stack === dataDir)).toEqual([]);
  discardData(dataDir!);
  rmSync(dataDir!, { recursive: true, force: true });
});
