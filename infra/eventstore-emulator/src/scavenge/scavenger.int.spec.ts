import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase } from '../log/database.ts';
import { EventLog } from '../log/event-log.ts';
import { GroupCommit } from '../log/group-commit.ts';
import { RecentIds } from '../log/recent-ids.ts';
import { StreamReader } from '../streams/stream-reader.ts';
import { StreamWriter } from '../streams/stream-writer.ts';
import { SystemStreams } from '../streams/system-streams.ts';
import { ScavengeLog } from './scavenge-log.ts';
import { Scavenger } from './scavenger.ts';

let folder: string;
let database: DatabaseSync;
let streams: StreamReader;
let writer: StreamWriter;
let system: SystemStreams;
let scavenger: Scavenger;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'scavenge-'));
  open();
});
afterEach(() => {
  database.close();
  rmSync(folder, { recursive: true, force: true });
});

function open(): void {
  database = openDatabase(folder);
  const exec = (sql: string) => () => database.exec(sql);
  const commits = new GroupCommit({ begin: exec('BEGIN IMMEDIATE'), commit: exec('COMMIT'), rollback: exec('ROLLBACK') }, () => {});
  streams = new StreamReader(new EventLog(database));
  writer = new StreamWriter(streams, commits, new RecentIds());
  system = new SystemStreams(streams, writer, commits);
  scavenger = new Scavenger(database, system);
}

const event = (type = 'Happened', data: object = {}) => ({
  id: randomUUID(),
  type,
  isJson: true,
  data: Buffer.from(JSON.stringify(data)),
  metadata: Buffer.alloc(0),
});
const add = (stream: string, count: number) =>
  writer.append(
    stream,
    'any',
    Array.from({ length: count }, () => event()),
  );
const describeAs = (stream: string, metadata: object) => writer.append(`$$${stream}`, 'any', [event('$metadata', metadata)]);
async function scavenge(): Promise<void> {
  scavenger.start();
  await scavenger.idle();
}

/** What $all holds of a stream. */
function revisionsInAll(stream: string): number[] {
  const revisions: number[] = [];
  for (let from = 0n; ;) {
    const page = streams.log.allForwards(from);
    for (const each of page) if (each.stream === stream) revisions.push(Number(each.revision));
    if (page.length === 0) return revisions;
    from = page.at(-1)!.position + 1n;
  }
}

describe('A scavenge', () => {
  it('takes from $all what a stream does not show any more, and nothing else', async () => {
    for (const stream of ['all', 'count', 'before', 'soft', 'hard', 'empty']) await add(stream, 6);
    await describeAs('count', { $maxCount: 2 });
    await describeAs('count', { $maxCount: 3 });
    await describeAs('before', { $tb: 4 });
    await describeAs('empty', { $tb: 100 });
    await writer.softDelete('soft', 'any');
    await writer.tombstone('hard', 'any');
    await scavenge();
    expect(revisionsInAll('all')).toEqual([0, 1, 2, 3, 4, 5]);
    expect(revisionsInAll('count')).toEqual([3, 4, 5]);
    expect(revisionsInAll('$$count')).toEqual([1]);
    expect(revisionsInAll('before')).toEqual([4, 5]);
    expect(revisionsInAll('hard')).toEqual([Number(2n ** 63n - 1n)]);
    // The last event stays: revisions go on behind it.
    expect([revisionsInAll('soft'), revisionsInAll('empty')]).toEqual([[5], [5]]);
    expect(streams.status('soft')).toBe('not-found');
    expect(streams.status('hard')).toBe('deleted');
  });

  it('leaves writers where they were, also after a restart', async () => {
    await add('thing-1', 6);
    await describeAs('thing-1', { $maxCount: 1 });
    const { lastPosition } = streams.log;
    await scavenge();
    expect(await writer.append('thing-1', 4n, [event()])).toMatchObject({ kind: 'wrong-expected-revision', current: 5n });
    expect(await writer.append('thing-1', 5n, [event()])).toMatchObject({ kind: 'written', lastRevision: 6n });
    const written = streams.log.lastPosition;
    database.close();
    open();
    expect(streams.log.lastPosition).toBe(written);
    expect(written).toBeGreaterThan(lastPosition);
    expect(await writer.append('thing-1', 6n, [event()])).toMatchObject({ lastRevision: 7n });
  });

  it('tells that it began and how it ended', async () => {
    await add('thing-1', 3);
    await describeAs('thing-1', { $maxCount: 1 });
    const { id } = scavenger.start();
    await scavenger.idle();
    const told = streams.forwards(`$scavenges-${id}`, 0n);
    expect(told.map(({ type }) => type)).toEqual(['$scavengeStarted', '$scavengeCompleted']);
    // Two events with data of two bytes.
    expect(JSON.parse(Buffer.from(told[1]!.data).toString())).toMatchObject({
      scavengeId: id,
      result: 'Success',
      error: null,
      spaceSaved: 4,
      timeTaken: expect.stringMatching(/^00:00:0\d\.\d{7}$/),
    });
    expect(streams.forwards('$scavenges', 0n).map(({ data }) => Buffer.from(data).toString())).toEqual([
      `0@$scavenges-${id}`,
      `1@$scavenges-${id}`,
    ]);
  });

  it('is one at a time, and stops when it is told to', async () => {
    await add('thing-1', 3);
    await describeAs('thing-1', { $maxCount: 1 });
    const { id, isNew } = scavenger.start();
    expect([isNew, scavenger.start()]).toEqual([true, { id, isNew: false }]);
    expect([scavenger.stop('another'), scavenger.stop(id)]).toEqual([false, true]);
    await scavenger.idle();
    expect(revisionsInAll('thing-1')).toEqual([0, 1, 2]);
    expect(JSON.parse(Buffer.from(streams.forwards(`$scavenges-${id}`, 1n)[0]!.data).toString())).toMatchObject({ result: 'Stopped' });
    expect(scavenger.stop(id)).toBe(false);
    expect(scavenger.start()).toMatchObject({ isNew: true });
    await scavenger.close();
  });

  it('tells why it could not go on, and lets another begin', async () => {
    await add('thing-1', 3);
    await describeAs('thing-1', { $maxCount: 1 });
    database.exec("CREATE TRIGGER broken BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, 'the disk is broken'); END");
    const { id } = scavenger.start();
    await scavenger.idle();
    expect(JSON.parse(Buffer.from(streams.forwards(`$scavenges-${id}`, 1n)[0]!.data).toString())).toMatchObject({
      result: 'Failed',
      error: 'the disk is broken',
    });
    database.exec('DROP TRIGGER broken');
    await scavenge();
    expect(revisionsInAll('thing-1')).toEqual([2]);
  });

  it('that a restart broke off is told to have failed, once', async () => {
    await new ScavengeLog('broken', system).started();
    await scavenger.recover();
    await scavenger.recover();
    const told = streams.forwards('$scavenges-broken', 0n);
    expect(told.map(({ type }) => type)).toEqual(['$scavengeStarted', '$scavengeCompleted']);
    expect(JSON.parse(Buffer.from(told[1]!.data).toString())).toMatchObject({ result: 'Failed', error: 'The node was restarted.' });
    await scavenge();
    const { lastPosition } = streams.log;
    await scavenger.recover();
    expect(streams.log.lastPosition).toBe(lastPosition);
  });

  it('of more than goes into one transaction removes it all', async () => {
    for (let batch = 0; batch < 3; batch++) await add('thing-1', 500);
    await describeAs('thing-1', { $tb: 1300 });
    await scavenge();
    expect(revisionsInAll('thing-1')).toHaveLength(200);
  });
});
