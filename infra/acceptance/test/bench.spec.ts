import { existsSync } from 'node:fs';
import { stackProcesses } from '@orderstream/local-stack/processes';
import { expect, it } from 'vitest';
import { eventually } from './harness.ts';
import { runNpm } from './run-npm.ts';

it('the bench of transports leaves the right rows on both sides, says so, and leaves nothing else', async () => {
  const { ended, output } = runNpm(['bench', '--', 'transport', '--records', '300', '--pairs', '1']);
  expect({ code: await ended, output: output() }).toMatchObject({
    code: 0,
    output: expect.stringMatching(/300 records\n.*Nest.*records\/s.*\n.*Projections.*records\/s.*\n.*ratio .*, 1 pairs/),
  });
  const dataDir = /fresh data in (\S+)/.exec(output())![1];
  expect(stackProcesses().filter(({ stack }) => stack === dataDir)).toEqual([]);
});

it('the bench of the event store has every acknowledged event found in its stream, and tells the ratio to a server that only answers', async () => {
  const { ended, output } = runNpm([
    'bench',
    '--',
    'eventstore',
    '--events',
    '1000',
    '--seconds',
    '1',
    '--pairs',
    '1',
    '--only',
    'append of 100 events',
  ]);
  expect({ code: await ended, output: output() }).toMatchObject({
    code: 0,
    output: expect.stringMatching(/answers at once.*appends\/s.*\n.*emulator.*appends\/s.*\n.*ratio /),
  });
});

it('a bench that is interrupted while it measures the platform ends at once, and leaves nothing', async () => {
  const { child, output } = runNpm(['bench', '--', 'isolation']);
  await eventually(() => expect(output()).toContain('to warm up'), 120_000);
  process.kill(-child.pid!, 'SIGINT');
  const dataDir = /fresh data in (\S+)/.exec(output())![1]!;
  await eventually(
    () =>
      expect({ processes: stackProcesses().filter(({ stack }) => stack === dataDir), isThere: existsSync(dataDir) }).toEqual({
        processes: [],
        isThere: false,
      }),
    20_000,
  );
});

it('a bench against a revision that there is not says so, and starts nothing', async () => {
  const { ended, output } = runNpm(['bench', '--', 'cpu-per-order', '--against', 'no-such-revision']);
  expect({ code: await ended, output: output() }).toMatchObject({
    code: 64,
    output: expect.stringContaining('no-such-revision names no commit in '),
  });
});
