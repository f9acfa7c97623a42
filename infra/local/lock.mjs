// One process at a time installs, fetches and builds in a clone. Runs on Node 20 without dependencies.
//
// The lock is a folder with one file that is named after its owner. A folder can be renamed onto an empty one and
// never onto one with a file in it, so taking the lock is one atomic step, and so is clearing a dead owner's: its own
// file is unlinked by name, which can't hit a lock that somebody else took meanwhile.
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as passed } from 'node:timers/promises';
import { identityOf, isRunning } from './process-identity.mjs';

const RETRY_MS = 100;

function take(folder, identity) {
  const prepared = mkdtempSync(`${folder}-`);
  writeFileSync(path.join(prepared, identity), '');
  try {
    renameSync(prepared, folder);
    return true;
  } catch (error) {
    rmSync(prepared, { recursive: true });
    if (error.code === 'ENOTEMPTY' || error.code === 'EEXIST') return false;
    throw error;
  }
}

function remove(file) {
  try {
    unlinkSync(file);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
}

/** The running process that holds the lock; what dead ones left is removed. */
function holder(folder) {
  let files = [];
  try {
    files = readdirSync(folder);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  for (const identity of files) {
    if (isRunning(identity)) return Number(identity.split(':')[0]);
    remove(path.join(folder, identity));
  }
  return undefined;
}

export async function withLock(folder, work, onWait = () => {}) {
  const identity = identityOf(process.pid);
  mkdirSync(path.dirname(folder), { recursive: true });
  let told = false;
  while (!take(folder, identity)) {
    const owner = holder(folder);
    if (owner === undefined) continue;
    if (!told) onWait(owner);
    told = true;
    await passed(RETRY_MS);
  }
  const release = () => remove(path.join(folder, identity));
  process.once('exit', release);
  try {
    return await work();
  } finally {
    process.removeListener('exit', release);
    release();
  }
}
