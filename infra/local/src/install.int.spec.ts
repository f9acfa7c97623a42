import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';

const scripts = path.resolve(import.meta.dirname, '..');

/** A clone that has nothing but its set-up, and a lock file of one package. */
function clone(folder = 'clone'): string {
  const made = mkdtempSync(path.join(tmpdir(), 'orderstream-install-'));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  const root = path.join(made, folder);
  mkdirSync(path.join(root, 'infra/local/src'), { recursive: true });
  for (const name of readdirSync(scripts).filter((each) => each.endsWith('.mjs')))
    cpSync(path.join(scripts, name), path.join(root, 'infra/local', name));
  writeFileSync(path.join(root, 'infra/local/src/cli.ts'), "console.log('it runs')");
  writeFileSync(path.join(root, 'package-lock.json'), JSON.stringify({ packages: { 'node_modules/a': { version: '1.0.0' } } }));
  return root;
}

/** The first command in a clone, with a program in the place of npm. */
function firstCommand(root: string, npm: string, env: NodeJS.ProcessEnv = {}): ChildProcess {
  const bin = path.join(root, 'bin');
  mkdirSync(bin);
  writeFileSync(path.join(bin, 'npm'), `#!${process.execPath}\n${npm}`);
  chmodSync(path.join(bin, 'npm'), 0o755);
  return spawn(process.execPath, [path.join(root, 'infra/local/bootstrap.mjs'), 'stack', 'status'], {
    env: { PATH: `${bin}${path.delimiter}${process.env['PATH']}`, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function ended(child: ChildProcess): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  const [[code], stdout, stderr] = await Promise.all([
    once(child, 'exit') as Promise<[number | null]>,
    text(child.stdout!),
    text(child.stderr!),
  ]);
  return { code, stdout, stderr };
}

/** Brings a, and the Node.js that stands in node_modules/.bin. */
const BRINGS = `
  const { mkdirSync, symlinkSync, writeFileSync } = require('node:fs');
  mkdirSync('node_modules/.bin', { recursive: true });
  symlinkSync(process.execPath, 'node_modules/.bin/node');
  writeFileSync('node_modules/.package-lock.json', JSON.stringify({ packages: { 'node_modules/a': { version: '1.0.0' } } }));
  writeFileSync('arguments', process.argv.slice(2).join(' '));`;

const isMarked = (root: string): boolean => existsSync(path.join(root, 'node_modules/.orderstream/installed'));
const lockOf = (root: string): string => path.join(root, '.orderstream/set-up.lock');

describe('The first command in a clone', () => {
  it('installs what builds and runs it, whatever the environment would leave out, and then runs', async () => {
    const root = clone();
    const run = await ended(firstCommand(root, BRINGS, { NODE_ENV: 'production', npm_config_loglevel: 'silent' }));
    expect(run).toMatchObject({ code: 0, stdout: 'it runs\n' });
    expect(isMarked(root)).toBe(true);
    for (const said of ['ci', '--include=dev', '--include=optional', '--ignore-scripts=false', '--loglevel=notice']) {
      expect(readFileSync(path.join(root, 'arguments'), 'utf8').split(' ')).toContain(said);
    }
  });

  it.each([
    ['a package', { version: '1.0.0' }],
    ['a workspace', { resolved: 'b', link: true }],
  ])('does not take a clone for installed when npm left out %s that the lock file names', async (_, entry) => {
    const root = clone();
    const packages = { 'node_modules/a': { version: '1.0.0' }, 'node_modules/b': entry };
    writeFileSync(path.join(root, 'package-lock.json'), JSON.stringify({ packages }));
    const run = await ended(firstCommand(root, BRINGS));
    expect(run).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('did not bring everything that package-lock.json names'),
    });
    expect(isMarked(root)).toBe(false);
  });

  it('shows why npm failed', async () => {
    const run = await ended(firstCommand(clone(), `console.error('npm error network down'); process.exit(1);`));
    expect(run).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/npm error network down[^]*npm ci .*\nended with exit code 1/),
    });
  });

  it('ends, when it is interrupted, after npm has taken back what it began; until then nobody else gets the lock', async () => {
    const root = clone();
    const takesBack = `
      const { existsSync, writeFileSync } = require('node:fs');
      process.on('SIGTERM', () => setInterval(() => existsSync('go') && (writeFileSync('taken back', ''), process.exit(1)), 20));
      setInterval(() => {}, 1000);
      writeFileSync('begun', '');`;
    const command = firstCommand(root, takesBack);
    const end = ended(command);
    await expect.poll(() => existsSync(path.join(root, 'begun'))).toBe(true);
    let said = '';
    command.stderr!.on('data', (chunk: Buffer) => (said += chunk.toString()));
    command.kill('SIGTERM');
    await expect.poll(() => said).toContain('Stopping the set-up');
    expect(readdirSync(lockOf(root))).toHaveLength(1);
    writeFileSync(path.join(root, 'go'), '');
    expect(await end).toMatchObject({ code: 143, stdout: '', stderr: expect.not.stringContaining('ended with') });
    expect(existsSync(path.join(root, 'taken back'))).toBe(true);
    expect(readdirSync(lockOf(root))).toEqual([]);
  });

  it.each(['with:colon', 'with"quote', 'with$dollar'])('refuses a folder %s by name, and says so', async (folder) => {
    const run = await ended(firstCommand(clone(folder), BRINGS));
    expect(run).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^This clone can't be run: its path, .*, has ".+" in it\. Move it elsewhere\.\n$/),
    });
  });

  it('says in one line what the system refuses, such as to write into the clone', async () => {
    const root = clone();
    symlinkSync('/dev/null/nowhere', path.join(root, '.orderstream'));
    const run = await ended(firstCommand(root, BRINGS));
    expect(run).toMatchObject({ code: 1, stdout: '' });
    expect(run.stderr.trim().split('\n')).toHaveLength(1);
    expect(run.stderr).toMatch(/^E[A-Z]+: .*, mkdir/);
  });
});
