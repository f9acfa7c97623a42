import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';

const lock = path.resolve(import.meta.dirname, '../lock.mjs');

function folder(): string {
  const made = mkdtempSync(path.join(tmpdir(), 'orderstream-lock-'));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

const holding = (work: string): string[] => [
  '--input-type=module',
  '-e',
  `import { withLock } from ${JSON.stringify(lock)};
   import { readFileSync, writeFileSync } from 'node:fs';
   import { setTimeout as passed } from 'node:timers/promises';
   const [folder, file] = process.argv.slice(1);
   await withLock(folder, async () => { ${work} });`,
];

describe('The lock of a clone', () => {
  // Reads, lets the others run, writes: a second one at the same time would lose a step.
  const counting = holding(`const count = Number(readFileSync(file, 'utf8')); await passed(20); writeFileSync(file, String(count + 1));`);
  const run = promisify(execFile);

  it('lets one process at a time set it up', async () => {
    const where = folder();
    const file = path.join(where, 'count');
    writeFileSync(file, '0');
    await Promise.all(Array.from({ length: 6 }, () => run(process.execPath, [...counting, path.join(where, 'lock'), file])));
    expect(readFileSync(file, 'utf8')).toBe('6');
  });

  it('is taken over from an owner that was killed, by one of those that wait', async () => {
    const where = folder();
    const file = path.join(where, 'count');
    writeFileSync(file, '0');
    const owner = spawn(process.execPath, [...holding(`console.log('holds'); await passed(600_000);`), path.join(where, 'lock'), file]);
    await once(owner.stdout, 'data');
    owner.kill('SIGKILL');
    await once(owner, 'exit');
    await Promise.all(Array.from({ length: 4 }, () => run(process.execPath, [...counting, path.join(where, 'lock'), file])));
    expect(readFileSync(file, 'utf8')).toBe('4');
  });
});
