import { stackProcesses } from '@orderstream/local-stack/processes';
import { expect, it } from 'vitest';
import { runNpm } from './run-npm.ts';

it('the bench of transports leaves the right rows on both sides, says so, and leaves nothing else', async () => {
  const { ended, output } = runNpm(['bench', '--', 'transport', '--records', '300', '--pairs', '1']);
  expect({ code: await ended, output: output() }).toMatchObject({ code: 0, output: expect.stringMatching(/300 records, 1 pairs.*\n.*Nest.*records\/s.*\n.*Projections.*records\/s/) });
  const dataDir = /fresh data in (\S+)/.exec(output())![1];
  expect(stackProcesses().filter(({ stack }) => stack === dataDir)).toEqual([]);
});
