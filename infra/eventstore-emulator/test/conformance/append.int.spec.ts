import { randomUUID } from 'node:crypto';
import type { AppendExpectedRevision, Credentials, EventData } from '@eventstore/db-client';
import { describe, expect, it } from 'vitest';
import { MaxAppendSizeExceededError, StreamDeletedError, WrongExpectedVersionError, binaryEvent, jsonEvent } from '../client-under-test.ts';
import { read } from '../emulator-process.ts';
import { ServerUnderTest } from '../server-under-test.ts';

const server = await ServerUnderTest.start();
const client = server.client();

const anEvent = (type = 'Happened', id: string = randomUUID()) => jsonEvent({ id, type, data: { id }, metadata: { by: 'test' } });
const fresh = (): string => `thing-${randomUUID()}`;

/** The client takes the batch call unless credentials come with an append, which an insecure server ignores. */
const paths: readonly (readonly [string, { credentials?: Credentials }])[] = [
  ['BatchAppend', {}],
  ['Append', { credentials: { username: 'admin', password: 'changeit' } }],
];

const states: Record<'no stream' | 'only metadata' | 'two events' | 'two deleted events' | 'a tombstone', () => Promise<string>> = {
  'no stream': async () => fresh(),
  'only metadata': async () => {
    const stream = fresh();
    await client.setStreamMetadata(stream, { owner: 'test' });
    return stream;
  },
  'two events': async () => {
    const stream = fresh();
    await client.appendToStream(stream, [anEvent(), anEvent()], { expectedRevision: 'no_stream' });
    return stream;
  },
  'two deleted events': async () => {
    const stream = await states['two events']();
    await client.deleteStream(stream);
    return stream;
  },
  'a tombstone': async () => {
    const stream = await states['two events']();
    await client.tombstoneStream(stream);
    return stream;
  },
};

type Outcome = bigint | 'refused' | 'deleted';

describe.each(paths)('%s', (_path, options) => {
  const append = async (stream: string, expected: AppendExpectedRevision, events: EventData[] = [anEvent()]) =>
    client.appendToStream(stream, events, { expectedRevision: expected, ...options });

  it.each<[keyof typeof states, AppendExpectedRevision, Outcome]>([
    ['no stream', 'no_stream', 0n],
    ['no stream', 'any', 0n],
    ['no stream', 'stream_exists', 'refused'],
    ['no stream', 0n, 'refused'],
    ['only metadata', 'no_stream', 0n],
    ['only metadata', 'stream_exists', 0n],
    ['two events', 'no_stream', 'refused'],
    ['two events', 'any', 2n],
    ['two events', 'stream_exists', 2n],
    ['two events', 0n, 'refused'],
    ['two events', 1n, 2n],
    ['two events', 2n, 'refused'],
    ['two deleted events', 'no_stream', 2n],
    ['two deleted events', 'any', 2n],
    ['two deleted events', 'stream_exists', 'deleted'],
    ['two deleted events', 0n, 'refused'],
    ['two deleted events', 1n, 2n],
    ['a tombstone', 'no_stream', 'deleted'],
    ['a tombstone', 'any', 'deleted'],
    ['a tombstone', 'stream_exists', 'deleted'],
    ['a tombstone', 1n, 'deleted'],
  ])('to %s expecting %s: %s', async (state, expected, outcome) => {
    const stream = await states[state]();
    const appended = append(stream, expected);
    if (outcome === 'deleted') {
      await expect(appended).rejects.toThrow(StreamDeletedError);
      return;
    }
    if (outcome === 'refused') {
      const actual = state === 'no stream' || state === 'only metadata' ? 'no_stream' : 1n;
      await expect(appended).rejects.toMatchObject({ constructor: WrongExpectedVersionError, streamName: stream, actualVersion: actual });
      return;
    }
    expect(await appended).toMatchObject({ success: true, nextExpectedRevision: outcome });
    expect((await read(client.readStream(stream))).at(-1)).toMatchObject({ revision: outcome, type: 'Happened' });
  });

  it('answers with the position of the last event', async () => {
    const stream = fresh();
    const { position } = await append(stream, 'no_stream', [anEvent(), anEvent(), anEvent()]);
    const events = await read(client.readStream(stream));
    expect(events.map(({ revision }) => revision)).toEqual([0n, 1n, 2n]);
    expect(position).toEqual(events[2]!.position);
  });

  it('writes all events or none', async () => {
    const stream = await states['two events']();
    await expect(append(stream, 0n, [anEvent(), anEvent(), anEvent()])).rejects.toThrow(WrongExpectedVersionError);
    expect(await read(client.readStream(stream))).toHaveLength(2);
  });

  it('repeated with the same ids at an exact revision answers as the first time and writes nothing', async () => {
    const stream = fresh();
    const events = [anEvent(), anEvent()];
    const first = await append(stream, 'no_stream', events);
    await append(stream, 1n, [anEvent()]);
    expect(await append(stream, 'no_stream', events)).toEqual(first);
    expect(await append(stream, 'no_stream', events.slice(0, 1))).toMatchObject({ success: true, nextExpectedRevision: 0n });
    expect(await read(client.readStream(stream))).toHaveLength(3);
  });

  it('repeated in part with something new is refused', async () => {
    const stream = fresh();
    const event = anEvent();
    await append(stream, 'no_stream', [event, anEvent()]);
    await expect(append(stream, 'no_stream', [event, anEvent()])).rejects.toThrow(WrongExpectedVersionError);
  });

  it('with the same id at the current revision is written again', async () => {
    const stream = fresh();
    const event = anEvent();
    await append(stream, 'no_stream', [event]);
    expect(await append(stream, 0n, [event])).toMatchObject({ nextExpectedRevision: 1n });
  });

  it('repeated without a revision is recognised while the server runs', async () => {
    const stream = fresh();
    const events = [anEvent(), anEvent()];
    const first = await append(stream, 'any', events);
    expect(await append(stream, 'any', events)).toEqual(first);
    expect(await append(stream, 'stream_exists', events)).toEqual(first);
    await expect(append(stream, 'any', [events[1]!, anEvent()])).rejects.toThrow(WrongExpectedVersionError);
    expect(await append(fresh(), 'any', events)).toMatchObject({ nextExpectedRevision: 1n });
  });

  it('without a revision whose first event is new is written, whatever follows', async () => {
    const stream = fresh();
    const known = anEvent();
    await append(stream, 'any', [known]);
    expect(await append(stream, 'any', [anEvent(), known])).toMatchObject({ nextExpectedRevision: 2n });
  });

  it('repeated when the stream was deleted since is recognised, and leaves it deleted', async () => {
    const stream = fresh();
    const events = [anEvent(), anEvent()];
    const first = await append(stream, 'no_stream', events);
    await client.deleteStream(stream);
    // Of what can't be read any more there is no position.
    expect(await append(stream, 'no_stream', events)).toEqual({ ...first, position: undefined });
    await expect(read(client.readStream(stream))).rejects.toMatchObject({ type: 'stream-not-found' });
  });

  it('of more than an append may hold is refused and writes nothing', async () => {
    const stream = fresh();
    const events = Array.from({ length: 3 }, () => jsonEvent({ type: 'Big', data: 'x'.repeat(400_000) }));
    await expect(append(stream, 'no_stream', events)).rejects.toMatchObject({
      constructor: MaxAppendSizeExceededError,
      maxAppendSize: 1_048_576,
    });
    expect(await append(stream, 'no_stream')).toMatchObject({ nextExpectedRevision: 0n });
  });

  it('of nothing succeeds at the current revision, with a position behind what was there, and writes nothing', async () => {
    const stream = await states['two events']();
    const { position } = await append(fresh(), 'no_stream');
    const nothing = await append(stream, 1n, []);
    expect(nothing).toMatchObject({ success: true, nextExpectedRevision: 1n });
    expect(nothing.position!.commit).toBeGreaterThanOrEqual(position!.commit);
    expect(await append(stream, 'any', [])).toMatchObject({ success: true, nextExpectedRevision: 1n });
    await expect(append(stream, 0n, [])).rejects.toThrow(WrongExpectedVersionError);
    expect(await read(client.readStream(stream))).toHaveLength(2);
  });

  it('of nothing brings back a stream that was deleted, empty', async () => {
    const stream = await states['two deleted events']();
    await expect(append(stream, 'no_stream', [])).rejects.toThrow(WrongExpectedVersionError);
    await append(stream, 'any', []);
    expect(await read(client.readStream(stream))).toEqual([]);
    expect(await append(stream, 1n)).toMatchObject({ nextExpectedRevision: 2n });
  });

  it('keeps bytes, metadata and content type as they came', async () => {
    const stream = fresh();
    const data = Uint8Array.of(0, 255, 1, 254);
    const json = jsonEvent({ type: 'Ünïcode ✓', data: { text: 'größer ✓' }, metadata: { $correlationId: 'c' } });
    const before = Date.now();
    await append(stream, 'no_stream', [json, binaryEvent({ type: 'Bytes', data, metadata: data })]);
    const [text, bytes] = await read(client.readStream(stream));
    expect(text).toMatchObject({
      id: json.id,
      streamId: stream,
      isJson: true,
      type: 'Ünïcode ✓',
      data: json.data,
      metadata: json.metadata,
    });
    expect(bytes).toMatchObject({ isJson: false, type: 'Bytes' });
    expect(Buffer.from(bytes!.data as Uint8Array)).toEqual(Buffer.from(data));
    expect(Buffer.from(bytes!.metadata as Uint8Array)).toEqual(Buffer.from(data));
    // One of the clients gives whole seconds, and a server's clock may be another one.
    expect(Math.abs(text!.created.getTime() - before)).toBeLessThan(60_000);
  });

  it('lets exactly one of many writers win a revision', async () => {
    const stream = await states['two events']();
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => append(stream, 1n)));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await read(client.readStream(stream))).toHaveLength(3);
  });
});

it('An append that comes in several chunks is one append', async () => {
  const stream = fresh();
  const events = Array.from({ length: 50 }, () => jsonEvent({ type: 'Chunk', data: 'x'.repeat(10_000) }));
  const { nextExpectedRevision } = await client.appendToStream(stream, events, { expectedRevision: 'no_stream', batchAppendSize: 25_000 });
  expect(nextExpectedRevision).toBe(49n);
  expect((await read(client.readStream(stream))).map(({ id }) => id)).toEqual(events.map(({ id }) => id));
});

it('Positions grow with every event, and not by one', async () => {
  const stream = fresh();
  await client.appendToStream(stream, [anEvent(), anEvent(), anEvent()], { expectedRevision: 'no_stream' });
  const [a, b, c] = (await read(client.readStream(stream))).map(({ position }) => position!.commit) as [bigint, bigint, bigint];
  expect(a).toBeGreaterThan(0n);
  expect(b).toBeGreaterThan(a + 1n);
  expect(c).toBeGreaterThan(b + 1n);
});
