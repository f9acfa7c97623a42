import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { EmulatorProcess, read } from './emulator-process.ts';

const FAULTS = join(import.meta.dirname, 'storage-faults.ts');
let emulator: EmulatorProcess;
let client: EventStoreDBClient;

beforeEach(async () => {
  emulator = await EmulatorProcess.start();
  client = emulator.client();
});
afterEach(() => emulator.remove());

async function restart(fault?: 'full' | 'no-way-back' | 'unreadable'): Promise<void> {
  emulator = await emulator.restart('SIGTERM', fault === undefined ? {} : { preload: FAULTS, env: { STORAGE_FAULT: fault } });
  client = emulator.client();
}
const anEvent = (bytes = 10) => jsonEvent({ type: 'Happened', data: 'x'.repeat(bytes) });
const classic = { expectedRevision: 'no_stream', credentials: { username: 'a', password: 'b' } } as const;

describe('A full disk', () => {
  it('refuses appends, says why, keeps and shows what was acknowledged, and is forgotten when there is room', async () => {
    await restart('full');
    const acknowledged: string[] = [];
    const append = async (stream: string): Promise<unknown> =>
      client.appendToStream(stream, anEvent(5000), classic).catch((cause: unknown) => cause);
    let refused = `thing-${randomUUID()}`;
    for (let answer = await append(refused); !(answer instanceof Error); answer = await append(refused)) {
      acknowledged.push(refused);
      refused = `thing-${randomUUID()}`;
    }
    expect(await append(refused)).toMatchObject({ type: 'unavailable' });
    expect(acknowledged.length).toBeGreaterThan(0);
    await vi.waitFor(() => expect(emulator.errors).toContain('database or disk is full'));
    for (const stream of acknowledged) expect(await read(client.readStream(stream))).toHaveLength(1);
    await expect(read(client.readStream(refused))).rejects.toMatchObject({ type: 'stream-not-found' });
    process.kill(emulator.pid, 'SIGUSR2');
    await vi.waitFor(() => client.appendToStream(refused, anEvent(5000), classic), { timeout: 20_000 });
    await restart();
    for (const stream of [...acknowledged, refused]) expect(await read(client.readStream(stream))).toHaveLength(1);
  });
});

describe('A log that can not be read for a while', () => {
  it('fails who reads then, says why, and serves who reads later', async () => {
    const stream = `thing-${randomUUID()}`;
    await client.appendToStream(stream, anEvent(), classic);
    await restart('unreadable');
    await expect(read(client.readStream(stream))).rejects.toMatchObject({ type: 'unavailable' });
    const failure = new Promise((resolve) => client.subscribeToStream(stream).on('error', resolve));
    expect(await failure).toMatchObject({ type: 'unavailable' });
    expect(await read(client.readStream(stream))).toHaveLength(1);
    await client.appendToStream(stream, anEvent(), { expectedRevision: 0n });
    expect(emulator.errors).toBe("eventstore-emulator: the log can't be read or written: disk I/O error\n".repeat(2));
  });
});

describe('A transaction that can neither be committed nor taken back', () => {
  it('ends the process, which says why, and takes nothing that was acknowledged with it', async () => {
    const stream = `thing-${randomUUID()}`;
    await client.appendToStream(stream, anEvent(), classic);
    await restart('no-way-back');
    await expect(client.appendToStream(`thing-${randomUUID()}`, anEvent(), classic)).rejects.toMatchObject({ code: 14 });
    expect(await emulator.end()).toEqual({ code: 1, signal: null });
    expect(emulator.errors).toContain('disk I/O error');
    await restart();
    expect(await read(client.readStream(stream))).toHaveLength(1);
  });
});

describe('A folder', () => {
  it('that can only be read is named, and the process does not start', async () => {
    const started = EmulatorProcess.start({ folder: join(emulator.folder, 'other'), preload: FAULTS, env: { STORAGE_FAULT: 'read-only' } });
    await expect(started).rejects.toThrow(`${join(emulator.folder, 'other')} can't be used: attempt to write a readonly database`);
  });

  it('that is none is named', async () => {
    const file = join(emulator.folder, 'file');
    writeFileSync(file, '');
    await expect(EmulatorProcess.start({ folder: file })).rejects.toThrow(`exit 1: eventstore-emulator: ${file} can't be used: `);
  });

  it('that holds something else is named and left alone', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'eventstore-emulator-'));
    writeFileSync(join(folder, 'events.sqlite'), 'this is no database, but somebody may need it'.repeat(100));
    await expect(EmulatorProcess.start({ folder })).rejects.toThrow(`${folder} can't be used: file is not a database`);
    rmSync(folder, { recursive: true });
  });
});
