// Loaded before the emulator: makes the commit of appends go wrong, as COMMIT_FAULT says.
import { DatabaseSync } from 'node:sqlite';

const FAILURES = 2;
const fault = process.env['COMMIT_FAULT'];
const exec = Object.getOwnPropertyDescriptor(DatabaseSync.prototype, 'exec')!.value as (this: DatabaseSync, sql: string) => void;
let failures = 0;
/** A disk that tells before it has written: what a kill takes with it was acknowledged. */
const LAZY_COMMITS = 20;
let heldBack = 0;

DatabaseSync.prototype.exec = function (sql: string) {
  const isCommit = sql === 'COMMIT';
  if (isCommit && fault === 'kill-before') process.kill(process.pid, 'SIGKILL');
  if (isCommit && fault === 'fail' && failures < FAILURES) {
    failures += 1;
    throw new Error('disk I/O error');
  }
  if (fault === 'lazy') {
    if (sql === 'BEGIN IMMEDIATE' && this.isTransaction) return;
    heldBack += isCommit ? 1 : 0;
    if (isCommit && heldBack % LAZY_COMMITS > 0) return;
  }
  exec.call(this, sql);
  if (isCommit && fault === 'kill-after') process.kill(process.pid, 'SIGKILL');
};
