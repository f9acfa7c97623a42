// Loaded before the emulator: makes SQLite meet the storage that STORAGE_FAULT names.
import { DatabaseSync, StatementSync } from 'node:sqlite';

const fault = process.env['STORAGE_FAULT'];
const SQLITE_READONLY = 8;
const SQLITE_IOERR = 10;
const exec = Object.getOwnPropertyDescriptor(DatabaseSync.prototype, 'exec')!.value as (this: DatabaseSync, sql: string) => void;

function sqliteError(errcode: number, message: string): Error {
  return Object.assign(new Error(message), { code: 'ERR_SQLITE_ERROR', errcode });
}

DatabaseSync.prototype.exec = function (sql: string) {
  if (fault === 'read-only' && sql.startsWith('BEGIN')) throw sqliteError(SQLITE_READONLY, 'attempt to write a readonly database');
  if (fault === 'no-way-back' && sql === 'COMMIT') throw sqliteError(SQLITE_IOERR, 'disk I/O error');
  if (fault === 'no-way-back' && sql === 'ROLLBACK') throw sqliteError(SQLITE_IOERR, 'disk I/O error');
  exec.call(this, sql);
  // SQLite's own error for a full disk, after a little more than what is there already.
  if (fault === 'full' && sql.startsWith('PRAGMA cache_size')) {
    const pages = Number(Object.values(this.prepare('PRAGMA page_count').get() ?? {})[0]);
    exec.call(this, `PRAGMA max_page_count = ${pages + 20}`);
    // Somebody makes room.
    process.once('SIGUSR2', () => exec.call(this, `PRAGMA max_page_count = ${pages * 1000}`));
  }
};

/** How often a stream's events can't be read. */
const UNREADABLE_TIMES = 2;
const iterate = Object.getOwnPropertyDescriptor(StatementSync.prototype, 'iterate')!.value as (
  this: StatementSync,
  ...values: never[]
) => NodeJS.Iterator<never>;
let failures = 0;

Object.assign(StatementSync.prototype, {
  iterate(this: StatementSync, ...values: never[]) {
    if (fault === 'unreadable' && this.sourceSQL.includes('e.revision >= ?') && failures < UNREADABLE_TIMES) {
      failures += 1;
      throw sqliteError(SQLITE_IOERR, 'disk I/O error');
    }
    return iterate.apply(this, values);
  },
});
