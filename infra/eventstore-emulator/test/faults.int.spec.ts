import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { EmulatorProcess, read } from './emulator-process.ts';

let emulator: EmulatorProcess;
let client: EventStoreDBClient;

beforeEach(async () => {
  emulator = await EmulatorProcess.start({ args: ['--faults'] });
  client = emulator.client();
});
afterEach(() => emulator.remove());

const anEvent = () => jsonEvent({ type: 'Happened', data: {} });
const fresh = (): string => `thing-${randomUUID()}`;

async function faults(method: 'POST' | 'GET' | 'DELETE', request?: object): Promise<{ readonly status: number; readonly text: string }> {
  const init = request === undefined ? { method } : { method, body: JSON.stringify(request) };
  const response = await fetch(`http://127.0.0.1:${emulator.port}/faults`, init);
  return { status: response.status, text: await response.text() };
}
const ask = async (request: object): Promise<void> => expect(await faults('POST', request)).toEqual({ status: 204, text: '' });

const paths = [
  ['BatchAppend', {}],
  ['Append', { credentials: { username: 'a', password: 'b' } }],
] as const;

describe.each(paths)('%s', (path, options) => {
  const append = (stream: string, events = [anEvent()]) =>
    client.appendToStream(stream, events, { expectedRevision: 'no_stream', ...options });

  it('that fails before it is stored leaves nothing, and only the n-th fails', async () => {
    await ask({ fault: 'append', nth: 2, when: 'before-stored', effect: 'fail' });
    const [first, second, third] = [fresh(), fresh(), fresh()];
    await append(first);
    await expect(append(second)).rejects.toMatchObject({ type: path === 'Append' ? 'unavailable' : 'deadline-exceeded' });
    await append(third);
    await expect(read(client.readStream(second))).rejects.toMatchObject({ type: 'stream-not-found' });
  });

  it('that fails after it is stored is there, and its repeat is recognised', async () => {
    await ask({ fault: 'append', when: 'after-stored', effect: 'fail' });
    const [stream, events] = [fresh(), [anEvent(), anEvent()]];
    await expect(append(stream, events)).rejects.toThrow();
    expect(await append(stream, events)).toMatchObject({ success: true, nextExpectedRevision: 1n });
    expect(await read(client.readStream(stream))).toHaveLength(2);
  });

  it('that takes longer than the server waits is answered with a timeout and stored all the same', async () => {
    await ask({ fault: 'append', when: 'before-stored', effect: 'delay', delayMs: 2500 });
    const stream = fresh();
    await expect(append(stream)).rejects.toMatchObject({ type: path === 'Append' ? 'timeout' : 'deadline-exceeded' });
    await vi.waitFor(async () => expect(await read(client.readStream(stream))).toHaveLength(1), { timeout: 10_000, interval: 50 });
    // The late result was told to nobody.
    await append(fresh());
  });

  it('whose connection breaks before the answer is there', async () => {
    await ask({ fault: 'append', when: 'after-stored', effect: 'drop-connections' });
    const [stream, events] = [fresh(), [anEvent()]];
    await expect(append(stream, events)).rejects.toThrow();
    expect(await append(stream, events)).toMatchObject({ nextExpectedRevision: 0n });
    expect(await read(client.readStream(stream))).toHaveLength(1);
  });

  it('that a follower gets leads the client to the leader', async () => {
    const leader = await EmulatorProcess.start();
    onTestFinished(() => leader.remove());
    await ask({ fault: 'not-leader', host: '127.0.0.1', port: leader.port });
    const stream = fresh();
    await expect(append(stream)).rejects.toMatchObject({ type: 'not-leader', leader: { address: '127.0.0.1', port: leader.port } });
    await append(stream);
    expect(await read(leader.client().readStream(stream))).toHaveLength(1);
  });
});

describe('Deletions', () => {
  it('that take longer than the server waits are answered with a timeout and done all the same', async () => {
    const streams = [fresh(), fresh()] as const;
    for (const stream of streams) await client.appendToStream(stream, anEvent(), { expectedRevision: 'no_stream' });
    for (const nth of [1, 2]) await ask({ fault: 'append', nth, when: 'before-stored', effect: 'delay', delayMs: 2500 });
    const removed = [client.deleteStream(streams[0]), client.tombstoneStream(streams[1])];
    for (const each of removed) await expect(each).rejects.toMatchObject({ type: 'timeout' });
    await vi.waitFor(
      async () => {
        await expect(read(client.readStream(streams[0]))).rejects.toMatchObject({ type: 'stream-not-found' });
        await expect(read(client.readStream(streams[1]))).rejects.toMatchObject({ type: 'stream-deleted' });
      },
      { timeout: 10_000, interval: 50 },
    );
  });
});

describe('Subscriptions', () => {
  it('end as those of a slow consumer, and everything else goes on', async () => {
    const subscription = client.subscribeToAll();
    await once(subscription, 'caughtUp');
    const failed = once(subscription, 'error');
    await ask({ fault: 'drop-subscriptions' });
    expect(await failed).toMatchObject([
      { type: 'timeout', message: expect.stringContaining('Consumer too slow to handle event while live.') as string },
    ]);
    await client.appendToStream(fresh(), anEvent(), { expectedRevision: 'no_stream' });
  });

  it('end when connections break', async () => {
    const subscription = client.subscribeToAll();
    await once(subscription, 'caughtUp');
    const failed = once(subscription, 'error');
    await ask({ fault: 'drop-connections' });
    expect(await failed).toMatchObject([{ type: 'unavailable' }]);
    await vi.waitFor(() => read(client.readAll({ maxCount: 1 })), { timeout: 10_000 });
  });
});

describe('Faults', () => {
  it('can be looked at and forgotten', async () => {
    await ask({ fault: 'append', nth: 5, when: 'before-stored', effect: 'fail' });
    expect(JSON.parse((await faults('GET')).text)).toMatchObject([{ nth: 5 }]);
    expect((await faults('DELETE')).status).toBe(204);
    expect((await faults('GET')).text).toBe('[]');
  });

  it('that make no sense are refused with the reason', async () => {
    expect(await faults('POST', { fault: 'earthquake' })).toMatchObject({
      status: 400,
      text: expect.stringContaining('must be one of') as string,
    });
    expect(await faults('POST', { fault: 'x'.repeat(5000) })).toMatchObject({
      status: 400,
      text: expect.stringContaining('longer than') as string,
    });
  });
});
