import { accessSync, constants, existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** Another process has the data folder open. */
export class FolderInUse extends Error {
  override readonly name = 'FolderInUse';
}

/** The data folder can't be made, read or written. */
export class FolderUnusable extends Error {
  override readonly name = 'FolderUnusable';
}

const SCHEMA_VERSION = 1;
const SQLITE_BUSY = 5;

// Big columns are last, so that reading what is before them touches no overflow page.
const SCHEMA = `
CREATE TABLE stream (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE event (
  position INTEGER PRIMARY KEY,
  stream_id INTEGER NOT NULL REFERENCES stream (id),
  revision INTEGER NOT NULL,
  id TEXT NOT NULL,
  type TEXT NOT NULL,
  is_json INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  metadata BLOB NOT NULL,
  data BLOB NOT NULL,
  UNIQUE (stream_id, revision)
) STRICT;
PRAGMA user_version = ${SCHEMA_VERSION};
`;

/**
 * Opens, or creates, the event log in a folder for this process alone. A COMMIT on it returns when the
 * write-ahead log has been synced: that is what `synchronous = FULL` means.
 *
 * @throws FolderInUse; FolderUnusable; Error when it was written by another version.
 */
export function openDatabase(folder: string): DatabaseSync {
  const database = createFile(folder);
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
    // The lock is only taken with the first write, and then kept.
    database.exec('BEGIN IMMEDIATE; COMMIT;');
    database.exec('PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 4000;');
    createSchema(database, folder);
    requireDurable(database);
    return database;
  } catch (cause) {
    database.close();
    if (isBusy(cause)) throw new FolderInUse(`${folder} is in use by another process`, { cause });
    throw isFromSqlite(cause) ? unusable(folder, cause) : cause;
  }
}

function createFile(folder: string): DatabaseSync {
  try {
    requireWritable(folder);
    mkdirSync(folder, { recursive: true });
    return new DatabaseSync(join(folder, 'events.sqlite'), { timeout: 0 });
  } catch (cause) {
    throw unusable(folder, cause);
  }
}

/** Asked first, because what mkdir and SQLite say of a read-only file system names neither. */
function requireWritable(folder: string): void {
  let existing = folder;
  while (!existsSync(existing) && dirname(existing) !== existing) existing = dirname(existing);
  accessSync(existing, constants.W_OK);
}

function unusable(folder: string, cause: unknown): FolderUnusable {
  return new FolderUnusable(`${folder} can't be used: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
}

function createSchema(database: DatabaseSync, folder: string): void {
  const version = pragma(database, 'user_version');
  if (version === 0) database.exec(`BEGIN IMMEDIATE; ${SCHEMA} COMMIT;`);
  else if (version !== SCHEMA_VERSION)
    throw new Error(`${folder} was written by another version: its schema is ${String(version)}, not ${SCHEMA_VERSION}`);
}

/** What SQLite was asked for and what it does can differ (a file system without locks, a build option). */
function requireDurable(database: DatabaseSync): void {
  const synchronous = pragma(database, 'synchronous');
  const journal = pragma(database, 'journal_mode');
  if (synchronous !== 2 || journal !== 'wal')
    throw new Error(`SQLite runs with synchronous ${String(synchronous)}, journal mode ${String(journal)}`);
}

export function pragma(database: DatabaseSync, name: string): unknown {
  return Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0];
}

function isFromSqlite(cause: unknown): cause is Error & { readonly errcode: number } {
  return cause instanceof Error && 'errcode' in cause && typeof cause.errcode === 'number';
}

function isBusy(cause: unknown): boolean {
  return isFromSqlite(cause) && (cause.errcode & 0xff) === SQLITE_BUSY;
}
