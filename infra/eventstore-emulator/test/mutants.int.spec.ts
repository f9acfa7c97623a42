import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';

const MAIN = join(import.meta.dirname, 'mutants/main.ts');

async function run(...names: readonly string[]): Promise<{ readonly code: number | null; readonly output: string }> {
  const child = spawn(process.execPath, [MAIN, ...names], { stdio: ['ignore', 'pipe', 'pipe'] });
  const [output, , [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit') as Promise<[number | null]>]);
  return { code, output };
}

it('Emulators with a mistake each are noticed by their tests, which pass without it', async () => {
  const { code, output } = await run('everything-is-json', 'ids-as-they-came', 'acknowledged-before-commit');
  expect(output).toContain('everything-is-json: killed by "A recorded event proposed as "application/x-protobuf"');
  expect(output).toContain('ids-as-they-came: killed by "A recorded event has its id in small letters');
  expect(output).toContain('acknowledged-before-commit: killed by "A commit that the process does not live to make');
  expect(output).toMatch(/3 of 3 mutants killed/);
  expect(code).toBe(0);
});

it('Mutants that are not there are not run', async () => {
  expect(await run('none')).toMatchObject({ code: 64, output: '' });
});
