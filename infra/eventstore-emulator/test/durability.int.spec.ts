import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { CancelledError, type EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { EmulatorProcess, read } from './emulator-process.ts';

let emulator: EmulatorProcess;
let client: EventStoreDBClient;

beforeEach(async () => {
  emulator = await EmulatorProcess.start();
  client = emulator.client();
});
afterEach(() => emulator.remove());

const anEvent = (id: string = randomUUID()) => jsonEvent({ id, type: 'Happened', data: { id } });
const fresh = (): string => `thing-${randomUUID()}`;
const FAULTS = join(import.meta.dirname, 'commit-faults.ts');

async function restart(signal: NodeJS.Signals): Promise<void> {
  emulator = await emulator.restart(signal);
  client = emulator.client();
}

/** The same data behind a disk that fails. */
async function restartWithFault(fault: 'kill-before' | 'kill-after' | 'fail'): Promise<void> {
  emulator = await emulator.restart('SIGTERM', { preload: FAULTS, env: { COMMIT_FAULT: fault } });
  client = emulator.client();
}

describe('After a restart', () => {
  it('everything is there as it was', async () => {
    const stream = fresh();
    await client.appendToStream(stream, [anEvent(), anEvent()], { expectedRevision: 'no_stream' });
    await client.setStreamMetadata(stream, { maxCount: 1 });
    const before = await read(client.readAll({}));
    await restart('SIGTERM');
    expect(await read(client.readAll({}))).toEqual(before);
    expect(await read(client.readStream(stream))).toMatchObject([{ revision: 1n }]);
    const { position } = await client.appendToStream(stream, anEvent(), { expectedRevision: 1n });
    expect(position!.commit).toBeGreaterThan(before.at(-1)!.position.commit);
  });

  it('a repeat at an exact revision is still recognised', async () => {
    const stream = fresh();
    const events = [anEvent(), anEvent()];
    const first = await client.appendToStream(stream, events, { expectedRevision: 'no_stream' });
    await restart('SIGKILL');
    expect(await client.appendToStream(stream, events, { expectedRevision: 'no_stream' })).toEqual(first);
    expect(await read(client.readStream(stream))).toHaveLength(2);
  });

  it('a repeat without a revision is written again, as by the real server', async () => {
    const stream = fresh();
    const event = anEvent();
    const anywhere = { expectedRevision: 'any' as const };
    await client.appendToStream(stream, event, anywhere);
    await client.appendToStream(stream, event, anywhere);
    expect(await read(client.readStream(stream))).toHaveLength(1);
    await restart('SIGTERM');
    await client.appendToStream(stream, event, anywhere);
    expect(await read(client.readStream(stream))).toHaveLength(2);
  });
});

describe('A commit', () => {
  it('that the process does not live to make is answered to nobody and changes nothing', async () => {
    const stream = fresh();
    await restartWithFault('kill-before');
    const appended = client.appendToStream(stream, anEvent(), { expectedRevision: 'no_stream' });
    await expect(appended).rejects.toMatchObject({ code: 14 });
    expect(await emulator.ended()).toBe('SIGKILL');
    await restart('SIGKILL');
    await expect(read(client.readStream(stream))).rejects.toMatchObject({ type: 'stream-not-found' });
  });

  it('that the process made and could not tell is there, and its repeat is recognised', async () => {
    const stream = fresh();
    const event = anEvent();
    await restartWithFault('kill-after');
    const appended = client.appendToStream(stream, event, { expectedRevision: 'no_stream' });
    await expect(appended).rejects.toMatchObject({ code: 14 });
    await restart('SIGKILL');
    expect(await client.appendToStream(stream, event, { expectedRevision: 'no_stream' })).toMatchObject({ nextExpectedRevision: 0n });
    expect(await read(client.readStream(stream))).toMatchObject([{ id: event.id }]);
  });

  it('that fails is success to nobody, wakes nobody, and the next one is made', async () => {
    const stream = fresh();
    await restartWithFault('fail');
    const subscription = client.subscribeToAll({ fromPosition: 'end' });
    const seen: string[] = [];
    subscription.on('data', ({ event }) => seen.push(event!.id));
    await once(subscription, 'caughtUp');
    const event = anEvent();
    const anywhere = { expectedRevision: 'any' as const };
    await expect(client.appendToStream(stream, event, anywhere)).rejects.toMatchObject({ type: 'deadline-exceeded' });
    const classic = { ...anywhere, credentials: { username: 'a', password: 'b' } };
    await expect(client.appendToStream(stream, event, classic)).rejects.toMatchObject({ type: 'unavailable' });
    // Not taken for a repeat: it was never written.
    await client.appendToStream(stream, event, anywhere);
    await vi.waitFor(() => expect(seen).toEqual([event.id]), { timeout: 20_000 });
    expect(await read(client.readStream(stream))).toHaveLength(1);
    await subscription.unsubscribe();
  });
});

describe('Killed under load', () => {
  it.each([1, 2])('keeps every acknowledged event once, revisions without gaps (round %i)', async () => {
    const acknowledged = new Map<string, string[]>();
    const writer = async (): Promise<void> => {
      const stream = fresh();
      const ids: string[] = [];
      acknowledged.set(stream, ids);
      for (let revision = -1n; ; revision += 2n) {
        const events = [anEvent(), anEvent()];
        await client.appendToStream(stream, events, { expectedRevision: revision === -1n ? 'no_stream' : revision });
        ids.push(...events.map(({ id }) => id));
      }
    };
    const writers = Array.from({ length: 16 }, () => writer().catch((cause: unknown) => cause));
    await vi.waitFor(() => expect([...acknowledged.values()].flat().length).toBeGreaterThan(600), { timeout: 30_000 });
    await emulator.end('SIGKILL');
    await Promise.all(writers);
    await restart('SIGKILL');
    for (const [stream, ids] of acknowledged) {
      const stored = ids.length === 0 ? [] : await read(client.readStream(stream));
      expect(stored.slice(0, ids.length).map(({ id }) => id)).toEqual(ids);
      expect(stored.map(({ revision }) => Number(revision))).toEqual(stored.map((_, index) => index));
      // What was stored and could not be told any more is a whole append.
      expect([0, 2]).toContain(stored.length - ids.length);
    }
    const all = (await read(client.readAll({}))).map(({ id }) => id);
    expect(new Set(all).size).toBe(all.length);
  });
});

describe('The process', () => {
  it('says where it listens and where its data are', () => {
    expect(emulator.startLine).toBe(`eventstore-emulator listens on 127.0.0.1:${emulator.port}, data in ${emulator.folder}`);
  });

  it('has its folder for itself', async () => {
    await expect(EmulatorProcess.start({ folder: emulator.folder })).rejects.toThrow(
      `exit 1: eventstore-emulator: ${emulator.folder} is in use by another process`,
    );
    const stream = fresh();
    await client.appendToStream(stream, anEvent(), { expectedRevision: 'no_stream' });
    await emulator.end('SIGKILL');
    await restart('SIGKILL');
    expect(await read(client.readStream(stream))).toHaveLength(1);
  });

  it('names a port that is taken', async () => {
    await expect(EmulatorProcess.start({ args: ['--port', String(emulator.port)] })).rejects.toThrow(
      `address already in use 127.0.0.1:${emulator.port}`,
    );
  });

  it('refuses to start without a word about security', async () => {
    await expect(EmulatorProcess.start({ mode: [] })).rejects.toThrow('exit 78: eventstore-emulator: ');
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('ends open calls with CANCELLED on %s, and itself with 0', async (signal) => {
    const subscription = client.subscribeToAll();
    const failure = new Promise((resolve) => subscription.on('error', resolve));
    await once(subscription, 'caughtUp');
    await client.appendToStream(fresh(), anEvent(), { expectedRevision: 'no_stream' });
    const startedAt = performance.now();
    expect(await emulator.end(signal)).toEqual({ code: 0, signal: null });
    expect(performance.now() - startedAt).toBeLessThan(5000);
    expect(await failure).toBeInstanceOf(CancelledError);
  });

  it('ends in time although a client does not read', async () => {
    const stream = fresh();
    for (let n = 0; n < 10; n++) {
      const events = Array.from({ length: 9 }, () => jsonEvent({ type: 'Big', data: 'x'.repeat(100_000) }));
      await client.appendToStream(stream, events, { expectedRevision: n === 0 ? 'no_stream' : BigInt(n * 9 - 1) });
    }
    const subscription = client.subscribeToStream(stream);
    subscription.on('error', () => {});
    await once(subscription, 'confirmation');
    const startedAt = performance.now();
    expect(await emulator.end()).toEqual({ code: 0, signal: null });
    expect(performance.now() - startedAt).toBeLessThan(5000);
  });
});
