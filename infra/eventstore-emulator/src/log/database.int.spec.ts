import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FolderInUse, openDatabase, pragma } from './database.ts';
import { EventLog } from './event-log.ts';

let folder: string;
let database: DatabaseSync;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'event-log-'));
  database = openDatabase(folder);
});
afterEach(() => {
  if (database.isOpen) database.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('The database', () => {
  it('syncs its log at every commit', () => {
    expect(pragma(database, 'synchronous')).toBe(2);
    expect(pragma(database, 'journal_mode')).toBe('wal');
  });

  it('is open once', () => {
    expect(() => openDatabase(folder)).toThrow(FolderInUse);
    database.close();
    openDatabase(folder).close();
  });

  it('of another version is left alone', () => {
    database.exec('PRAGMA user_version = 99');
    database.close();
    expect(() => openDatabase(folder)).toThrow('schema is 99');
  });
});

describe('The log', () => {
  const event = (id: string) => ({ id, type: 'Happened', isJson: true, data: Buffer.from('{"a":1}'), metadata: Buffer.alloc(0) });

  it('gives positions that grow, with gaps, and go on after a restart', () => {
    const log = new EventLog(database);
    expect(log.lastPosition).toBe(0n);
    const first = log.add('order-1', 0n, event('a'), 1000);
    const second = log.add('order-2', 0n, event('b'), 1000);
    expect(first).toBeGreaterThan(1n);
    expect(second).toBeGreaterThan(first + 1n);
    const reopened = new EventLog(database);
    expect(reopened.lastPosition).toBe(second);
    expect(reopened.add('order-1', 1n, event('c'), 1000)).toBeGreaterThan(second + 1n);
  });

  it('lets no revision be written twice', () => {
    const log = new EventLog(database);
    log.add('order-1', 0n, event('a'), 1000);
    expect(() => log.add('order-1', 0n, event('b'), 1000)).toThrow('UNIQUE');
  });

  it('forgets the position of what was rolled back', () => {
    const log = new EventLog(database);
    const kept = log.add('order-1', 0n, event('a'), 1000);
    database.exec('BEGIN');
    log.add('order-1', 1n, event('b'), 1000);
    database.exec('ROLLBACK');
    log.reload();
    expect(log.lastPosition).toBe(kept);
    expect(log.lastRevision('order-1')).toBe(0n);
  });

  it('reads pages that are neither long nor heavy', () => {
    const log = new EventLog(database);
    database.exec('BEGIN');
    for (let revision = 0; revision < 250; revision++) log.add('order-1', BigInt(revision), event(String(revision)), 1000);
    for (let revision = 0; revision < 5; revision++)
      log.add('big-1', BigInt(revision), { ...event(`big ${revision}`), data: Buffer.alloc(600_000) }, 1000);
    database.exec('COMMIT');
    expect(log.streamForwards('order-1', 0n)).toHaveLength(100);
    expect(log.streamForwards('order-1', 200n)).toHaveLength(50);
    expect(log.streamForwards('order-1', 0n, 3).map(({ revision }) => revision)).toEqual([0n, 1n, 2n]);
    expect(log.streamForwards('big-1', 0n)).toHaveLength(2);
    expect(log.streamForwards('order-1', 2n ** 63n)).toEqual([]);
  });
});
