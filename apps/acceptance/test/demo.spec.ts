import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { stackProcesses } from '@orderstream/local-stack/processes';
import { expect, it } from 'vitest';
import { eventually } from './harness.ts';

const root = join(import.meta.dirname, '../../..');

function npm(...args: string[]): { child: ChildProcess; output: () => string; ended: Promise<number | null> } {
  const child = spawn('npm', ['run', ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return { child, output: () => text, ended: once(child, 'exit').then(([code]) => code as number | null) };
}

it('two demos run beside each other, end with a clean ledger, and leave nothing', async () => {
  const demos = [npm('demo', '--', '--orders', '8', '--exit'), npm('demo', '--', '--orders', '8', '--seed', '2', '--exit')];
  for (const { ended, output } of demos) {
    expect({ code: await ended, output: output() }).toMatchObject({ code: 0, output: expect.stringContaining('The ledger is clean.') });
  }
});

it('a demo that was killed (-9) leaves nothing that `stack down` does not end', async () => {
  const { child, output, ended } = npm('demo', '--', '--orders', '4');
  await eventually(() => expect(output()).toMatch(/kafka ready/), 120_000);
  const dataDir = /fresh data in (\S+)/.exec(output())![1];
  process.kill(-child.pid!, 'SIGKILL');
  await ended;
  expect(stackProcesses().filter(({ stack }) => stack === dataDir)).not.toEqual([]);
  const down = npm('stack', '--', 'down');
  expect({ code: await down.ended, output: down.output() }).toMatchObject({ code: 0 });
  expect(stackProcesses().filter(({ stack }) => stack === dataDir)).toEqual([]);
});
