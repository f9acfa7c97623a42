// Postgres refuses to run as root. Then it runs as user postgres, who may not be able to enter the clone at all:
// its programs and data are kept in a folder that this user can reach.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';

const STAGING = '/var/tmp/orderstream';
const USER = 'postgres';

export interface User {
  readonly uid: number;
  readonly gid: number;
}

const idOf = (flag: '-u' | '-g'): number =>
  Number(execFileSync('id', [flag, USER], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));

/** The user to run Postgres as; undefined for the user of this process. Makes the user for root when there is none. */
export function postgresUser(): User | undefined {
  if (process.getuid?.() !== 0) return undefined;
  try {
    return { uid: idOf('-u'), gid: idOf('-g') };
  } catch {
    execFileSync('groupadd', ['--force', '--system', USER]);
    execFileSync('useradd', ['--system', '--no-create-home', '-g', USER, USER]);
    return { uid: idOf('-u'), gid: idOf('-g') };
  }
}

function mayEnter(folder: string, { uid, gid }: User): boolean {
  const { mode, uid: owner, gid: group } = statSync(folder);
  if (owner === uid) return (mode & 0o100) !== 0;
  if (group === gid) return (mode & 0o010) !== 0;
  return (mode & 0o001) !== 0;
}

/** Whether the user can enter a folder and all above it, as far as they exist. */
export function canReach(folder: string, user: User): boolean {
  const parent = path.dirname(folder);
  return (!existsSync(folder) || mayEnter(folder, user)) && (parent === folder || canReach(parent, user));
}

const shortHash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 12);

/** A folder of root's that everybody may pass through; one that somebody else made is refused. */
function passableFolder(folder: string): string {
  mkdirSync(folder, { recursive: true, mode: 0o711 });
  if (lstatSync(folder).uid !== 0 || !lstatSync(folder).isDirectory()) throw new Error(`${folder} belongs to somebody else`);
  chmodSync(folder, 0o711);
  return folder;
}

/** Lets the user, and nobody else, pass through a stack's own folder, if only that stands in the way. */
function admit(dataDir: string, user: User): void {
  if (canReach(dataDir, user) || !canReach(path.dirname(dataDir), user)) return;
  const { uid, mode } = statSync(dataDir);
  if (uid !== process.getuid?.()) return;
  chownSync(dataDir, uid, user.gid);
  chmodSync(dataDir, (mode & 0o777) | 0o010);
}

const stagedData = (dataDir: string): string => path.join(STAGING, `data-${shortHash(dataDir)}`);
const ownerNote = (staged: string): string => `${staged}.of`;

/** Which data folder the staged data belong to: their passwords come from its secret. */
const noteOf = (dataDir: string, secret: string): string => `${dataDir}\n${shortHash(secret)}`;

/** Whether staged data belong to a folder that exists, and was not deleted and recreated since. */
function isOwned(note: string): boolean {
  const [dataDir = '', life] = note.split('\n');
  const secret = path.join(dataDir, 'secret');
  if (life === undefined || !existsSync(secret)) return existsSync(dataDir);
  return life === shortHash(readFileSync(secret, 'utf8'));
}

/** Removes staged data whose stack is gone: deleting a data folder does not delete what lies elsewhere. */
function sweep(): void {
  for (const note of readdirSync(STAGING).filter((name) => name.endsWith('.of'))) {
    const file = path.join(STAGING, note);
    if (isOwned(readFileSync(file, 'utf8'))) continue;
    rmSync(file.slice(0, -'.of'.length), { recursive: true, force: true });
    rmSync(file, { force: true });
  }
}

/** Where the data of a stack lies: in its data folder, if the user can reach that. */
export function dataFolderFor(dataDir: string, secret: string, user: User | undefined): string {
  if (user !== undefined && existsSync(dataDir)) admit(dataDir, user);
  if (user === undefined || canReach(dataDir, user)) return path.join(dataDir, 'postgres');
  passableFolder(STAGING);
  sweep();
  writeFileSync(ownerNote(stagedData(dataDir)), noteOf(dataDir, secret), { mode: 0o600 });
  return stagedData(dataDir);
}

/** Deletes the data of a stack, wherever it lies. */
export function discardDataFolder(dataDir: string): void {
  for (const folder of [path.join(dataDir, 'postgres'), stagedData(dataDir), ownerNote(stagedData(dataDir))]) {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Where to run the programs from: `installed`, or a copy of it that the user can reach. */
export function programsFor(installed: string, user: User | undefined): string {
  if (user === undefined || canReach(installed, user)) return installed;
  const copy = path.join(passableFolder(STAGING), `programs-${shortHash(`${installed} ${statSync(installed).ctimeMs}`)}`);
  if (!existsSync(copy)) {
    const partial = mkdtempSync(`${copy}.`);
    cpSync(installed, partial, { recursive: true, verbatimSymlinks: true });
    chmodSync(partial, 0o755);
    try {
      renameSync(partial, copy);
    } catch (error) {
      rmSync(partial, { recursive: true, force: true });
      if (!existsSync(copy)) throw error; // otherwise another stack was quicker
    }
  }
  return copy;
}
