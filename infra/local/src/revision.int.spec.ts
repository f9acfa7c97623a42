import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { buildRevision, commitOf, revisionFolder } from './revision.ts';

const SET_UP = `
  import { appendFileSync } from 'node:fs';
  const note = (name) => async (root, ...args) => { args.at(-1)(name); appendFileSync(root + '/done', name + ' '); };
`;
const COMMITTER = { GIT_AUTHOR_NAME: 'a', GIT_AUTHOR_EMAIL: 'a@a', GIT_COMMITTER_NAME: 'a', GIT_COMMITTER_EMAIL: 'a@a' };

/** A repository with a package and a set-up that only notes what it is asked for. */
function repository(): { readonly root: string; readonly commit: (text: string) => string } {
  const root = mkdtempSync(path.join(tmpdir(), 'orderstream-revision-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const git = (...args: string[]): string =>
    execFileSync('git', ['-C', root, ...args], { encoding: 'utf8', env: { ...process.env, ...COMMITTER } }).trim();
  git('init', '--quiet');
  for (const folder of ['infra/local', 'node_modules/a', 'node_modules/.orderstream', '.orderstream/servers'])
    mkdirSync(path.join(root, folder), { recursive: true });
  writeFileSync(path.join(root, '.gitignore'), '.orderstream/\nnode_modules/\n');
  writeFileSync(path.join(root, 'node_modules/a/index.js'), 'a');
  writeFileSync(path.join(root, 'node_modules/.orderstream/installed'), 'here');
  for (const [file, code] of [
    ['install', `${SET_UP} export const install = note('install'); export const build = note('build');`],
    ['fetch', `${SET_UP} export const fetchServers = note('fetch');`],
    ['run', 'export const abortSteps = () => false;'],
  ])
    writeFileSync(path.join(root, `infra/local/${file}.mjs`), code!);
  const commit = (text: string): string => {
    writeFileSync(path.join(root, 'text'), text);
    git('add', '.');
    git('commit', '--quiet', '-m', text);
    return git('rev-parse', 'HEAD');
  };
  return { root, commit };
}

const toBuild = { signal: new AbortController().signal, onProgress: () => {} };

it('a revision is the commit that its name stands for, and a name that stands for none is refused', async () => {
  const { root, commit } = repository();
  const first = commit('one');
  const second = commit('two');
  expect(await commitOf(root, 'HEAD')).toBe(second);
  expect(await commitOf(root, first.slice(0, 7))).toBe(first);
  await expect(commitOf(root, 'nowhere')).rejects.toThrow('nowhere names no commit');
  await expect(commitOf(root, '--all')).rejects.toThrow('--all names no commit');
});

it('a revision is built in a folder of its commit, by its own scripts, beside what was changed since', async () => {
  const { root, commit } = repository();
  const first = commit('one');
  commit('two');
  const built = await buildRevision(root, first, toBuild);
  expect(built).toEqual({ commit: first, root: revisionFolder(root, first) });
  const read = (file: string): string => readFileSync(path.join(built.root, file), 'utf8');
  expect([read('text'), read('done')]).toEqual(['one', 'install fetch build ']);
  expect(readFileSync(path.join(root, 'text'), 'utf8')).toBe('two');
});

it('what is checked out once stays, and shares the files of the packages, but no note about a build', async () => {
  const { root, commit } = repository();
  const first = commit('one');
  const { root: folder } = await buildRevision(root, first, toBuild);
  writeFileSync(path.join(folder, 'kept'), '');
  await buildRevision(root, first, toBuild);
  expect(existsSync(path.join(folder, 'kept'))).toBe(true);
  expect(statSync(path.join(folder, 'node_modules/a/index.js')).ino).toBe(statSync(path.join(root, 'node_modules/a/index.js')).ino);
  expect(existsSync(path.join(folder, 'node_modules/.orderstream'))).toBe(false);
  expect(lstatSync(path.join(folder, '.orderstream/servers')).isSymbolicLink()).toBe(true);
});
