import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import { processesWith } from '../processes.ts';

const SET_UP = new URL('own-folder.ts', import.meta.url).href;
const WAITS_DEAF = "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)";
/** A run of tests that has started a process, which doesn't end by itself. */
const RUN = `
  import { spawn } from 'node:child_process';
  const { default: setUp } = await import(${JSON.stringify(SET_UP)});
  setUp();
  spawn(process.execPath, ['-e', ${JSON.stringify(WAITS_DEAF)}], { detached: true, stdio: 'ignore' });
  console.log(process.env.TMPDIR);
  setInterval(() => {}, 1000);
`;

function startRun(): ChildProcess {
  const { TESTS_FOLDER: _ofThisRun, ...env } = process.env;
  const args = ['--conditions=@orderstream/source', '--input-type=module', '-e', RUN];
  return spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
}

it.each([
  ['SIGTERM', 143],
  ['SIGINT', 130],
] as const)('A run that is interrupted by %s leaves no process that it has started, and no folder', async (signal, exitCode) => {
  const run = startRun();
  const [folder] = (await once(createInterface(run.stdout!), 'line')) as [string];
  await expect.poll(() => processesWith('TMPDIR', folder)).toHaveLength(1);
  expect(existsSync(folder)).toBe(true);
  run.kill(signal);
  expect(await once(run, 'exit')).toEqual([exitCode, null]);
  expect(processesWith('TMPDIR', folder)).toEqual([]);
  expect(existsSync(folder)).toBe(false);
});
