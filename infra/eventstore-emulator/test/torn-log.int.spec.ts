import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { EmulatorProcess, read } from './emulator-process.ts';

const APPENDS = 12;
const WAL_HEADER_BYTES = 32;
const FRAME_BYTES = 24 + 4096;
const DATABASE = 'events.sqlite';
const LOG = `${DATABASE}-wal`;

/** What a process left that was killed after it had acknowledged all this. */
const left = { stream: `thing-${randomUUID()}`, ids: [] as string[], database: Buffer.alloc(0), log: Buffer.alloc(0), frames: 0 };
let emulator: EmulatorProcess | undefined;

beforeAll(async () => {
  const writer = await EmulatorProcess.start();
  const client = writer.client();
  for (let n = 0; n < APPENDS; n++) {
    const events = [jsonEvent({ type: 'Happened', data: { n } }), jsonEvent({ type: 'Happened', data: { n } })];
    await client.appendToStream(left.stream, events, { expectedRevision: n === 0 ? 'no_stream' : BigInt(2 * n - 1) });
    left.ids.push(...events.map(({ id }) => id));
  }
  await writer.end('SIGKILL');
  left.database = readFileSync(join(writer.folder, DATABASE));
  left.log = readFileSync(join(writer.folder, LOG));
  left.frames = (left.log.byteLength - WAL_HEADER_BYTES) / FRAME_BYTES;
  await writer.remove();
});
afterEach(() => emulator?.remove());

/** The log from a frame on as a disk leaves it that lost its power. */
function torn(how: 'cut' | 'flipped' | 'zeroed', frame: number): Buffer {
  const at = WAL_HEADER_BYTES + frame * FRAME_BYTES + 100;
  if (how === 'cut') return left.log.subarray(0, at);
  const bytes = Buffer.from(left.log);
  if (how === 'zeroed') bytes.fill(0, at);
  else for (let byte = at; byte < bytes.byteLength; byte += 500) bytes[byte]! ^= 0xff;
  return bytes;
}

async function start(database: Buffer, log: Buffer): Promise<EmulatorProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'eventstore-emulator-'));
  writeFileSync(join(folder, DATABASE), database);
  writeFileSync(join(folder, LOG), log);
  emulator = await EmulatorProcess.start({ folder });
  return emulator;
}

async function found(client: EventStoreDBClient): Promise<string[]> {
  return (await read(client.readStream(left.stream))).map(({ id }) => id);
}

describe.each(['cut', 'flipped', 'zeroed'] as const)('A write-ahead log whose end is %s', (how) => {
  it('loses with its last frame the append that the frame is of, as a whole, and nothing before it', async () => {
    const client = (await start(left.database, torn(how, left.frames - 1))).client();
    expect(await found(client)).toEqual(left.ids.slice(0, -2));
    const next = jsonEvent({ type: 'Happened', data: {} });
    await client.appendToStream(left.stream, next, { expectedRevision: BigInt(left.ids.length - 3) });
    expect(await found(client)).toEqual([...left.ids.slice(0, -2), next.id]);
  });

  it('loses whole appends when more of it is gone', async () => {
    const kept = await found((await start(left.database, torn(how, Math.floor(left.frames / 2)))).client());
    expect(kept).toEqual(left.ids.slice(0, kept.length));
    expect(kept.length % 2).toBe(0);
    expect(kept.length).toBeGreaterThan(0);
    expect(kept.length).toBeLessThan(left.ids.length);
  });
});

describe('A write-ahead log that is lost', () => {
  it('takes nothing with it that was written back to the database before', async () => {
    // An orderly end writes everything back.
    const orderly = await start(left.database, left.log);
    await orderly.end('SIGTERM');
    const late = await orderly.restart();
    await late
      .client()
      .appendToStream(left.stream, jsonEvent({ type: 'Happened', data: {} }), { expectedRevision: BigInt(left.ids.length - 1) });
    await late.end('SIGKILL');
    truncateSync(join(late.folder, LOG), 0);
    emulator = await late.restart();
    expect(await found(emulator.client())).toEqual(left.ids);
  });
});
