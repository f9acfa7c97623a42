// Another revision of this repository, in a folder of its own below `.orderstream`, set up by its own scripts.
import { execFile } from 'node:child_process';
import { existsSync, linkSync, mkdirSync, readdirSync, readlinkSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { withLock } from '../lock.mjs';
import { WrongArguments } from './command.ts';

export interface Revision {
  /** 40 hexadecimal digits. */
  readonly commit: string;
  /** Its folder, built. */
  readonly root: string;
}

/** The parts of `infra/local` that set a clone up. */
interface SetUp {
  readonly install: (root: string, say: (line: string) => void) => Promise<void>;
  readonly fetchServers: (root: string, say: (line: string) => void) => Promise<void>;
  readonly build: (root: string, project: undefined, say: (line: string) => void) => Promise<void>;
  readonly abortSteps: (signal: NodeJS.Signals) => boolean;
}

const git = async (folder: string, ...args: readonly string[]): Promise<string> =>
  (await promisify(execFile)('git', ['-C', folder, ...args])).stdout.trim();

/** The commit that a name stands for in a repository, such as a branch, a tag or an abbreviated hash. @throws WrongArguments when there is none. */
export async function commitOf(root: string, revision: string): Promise<string> {
  try {
    return await git(root, 'rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`);
  } catch {
    throw new WrongArguments(`${revision} names no commit in ${root}`);
  }
}

/** A commit never changes, so what was built of it stays. */
export const revisionFolder = (root: string, commit: string): string => path.join(root, '.orderstream/revisions', commit);

/** Installs and builds a commit of a repository, as far as that was not done before. */
export async function buildRevision(
  root: string,
  commit: string,
  { signal, onProgress }: { readonly signal: AbortSignal; readonly onProgress: (line: string) => void },
): Promise<Revision> {
  const folder = revisionFolder(root, commit);
  const said = (line: string): void => onProgress(`${commit.slice(0, 7)}: ${line}`);
  await withLock(`${folder}.lock`, async () => {
    if (!existsSync(folder)) await checkOut(root, commit, folder);
    const { install, fetchServers, build, abortSteps } = await setUpOf(folder);
    const abort = (): void => void abortSteps('SIGTERM');
    signal.throwIfAborted();
    signal.addEventListener('abort', abort);
    try {
      await install(folder, said);
      await fetchServers(folder, said);
      await build(folder, undefined, said);
    } finally {
      signal.removeEventListener('abort', abort);
    }
  });
  return { commit, root: folder };
}

/** A repository of its own: tools that ask git what is ignored would find the whole folder ignored by this one. */
async function checkOut(root: string, commit: string, folder: string): Promise<void> {
  const partial = `${folder}.partial`;
  rmSync(partial, { recursive: true, force: true });
  await git(root, 'clone', '--quiet', '--shared', '--no-checkout', root, partial);
  await git(partial, 'checkout', '--quiet', '--detach', commit);
  // Its own set-up replaces them when its lock file names others.
  linkTree(path.join(root, 'node_modules'), path.join(partial, 'node_modules'));
  mkdirSync(path.join(partial, '.orderstream'));
  // Each version of the servers has a folder in there.
  symlinkSync(path.join(root, '.orderstream/servers'), path.join(partial, '.orderstream/servers'));
  renameSync(partial, folder);
}

/** Caches and notes about a build, which are changed in place and must not be shared. */
const isOwn = (name: string): boolean => /^\.(orderstream|cache|vite)/.test(name);

/** Copies a folder's tree, with links to the files themselves. */
function linkTree(from: string, to: string): void {
  mkdirSync(to);
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [path.join(from, entry.name), path.join(to, entry.name)];
    if (entry.isSymbolicLink()) symlinkSync(readlinkSync(source), target);
    else if (!entry.isDirectory()) linkSync(source, target);
    else if (!isOwn(entry.name)) linkTree(source, target);
  }
}

async function setUpOf(folder: string): Promise<SetUp> {
  const load = (file: string): Promise<object> => import(pathToFileURL(path.join(folder, 'infra/local', file)).href) as Promise<object>;
  return Object.assign({}, ...(await Promise.all(['install.mjs', 'fetch.mjs', 'run.mjs'].map(load)))) as SetUp;
}
