// Loaded before the emulator: makes the commit of appends go wrong, as COMMIT_FAULT says.
import { DatabaseSync } from 'node:sqlite';

const FAILURES = 2;
const fault = process.env['COMMIT_FAULT'];
const exec = Object.getOwnPropertyDescriptor(DatabaseSync.prototype, 'exec')!.value as (this: DatabaseSync, sql: string) => void;
let failures = 0;

DatabaseSync.prototype.exec = function (sql: string) {
  const isCommit = sql === 'COMMIT';
  if (isCommit && fault === 'kill-before') process.kill(process.pid, 'SIGKILL');
  if (isCommit && fault === 'fail' && failures < FAILURES) {
    failures += 1;
    throw new Error('disk I/O error');
  }
  exec.call(this, sql);
  if (isCommit && fault === 'kill-after') process.kill(process.pid, 'SIGKILL');
};
