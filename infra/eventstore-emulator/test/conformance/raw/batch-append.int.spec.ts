import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { read } from '../../emulator-process.ts';
import { proposedEvent, remove, streamNamed } from '../../raw-calls.ts';
import { ServerUnderTest } from '../../server-under-test.ts';
import { MALFORMED, STREAMS, TOO_LARGE, wireMessage } from '../../wire.ts';

const server = await ServerUnderTest.start();
const raw = server.raw();

const [BatchAppendReq, BatchAppendResp] = [wireMessage('streams.BatchAppendReq'), wireMessage('streams.BatchAppendResp')];
const Any = {
  WrongExpectedVersion: wireMessage('WrongExpectedVersion'),
  StreamDeleted: wireMessage('StreamDeleted'),
  MaximumAppendSizeExceeded: wireMessage('MaximumAppendSizeExceeded'),
};
const fresh = (): string => `thing-${randomUUID()}`;

describe('BatchAppend', () => {
  /** Sends chunks on one call, half-closes and gives the answers and the status. */
  async function batch(...chunks: readonly (object | Buffer)[]) {
    const call = raw.duplex(`${STREAMS}/BatchAppend`);
    const answers: Readonly<Record<string, unknown>>[] = [];
    const { promise: ended, resolve } = Promise.withResolvers<status>();
    call.on('status', ({ code }) => resolve(code));
    call.on('data', (bytes: Buffer) => answers.push(BatchAppendResp.decode(bytes)));
    call.on('error', () => {});
    for (const chunk of chunks) call.write(Buffer.isBuffer(chunk) ? chunk : BatchAppendReq.encode(chunk as never));
    call.end();
    return { code: await ended, answers };
  }
  const open = (stream: string, over: object = {}) => ({
    correlationId: { string: randomUUID() },
    options: { streamIdentifier: streamNamed(stream), noStream: {}, ...over },
    proposedMessages: [proposedEvent()],
  });

  const asNumbers = ({ string }: { readonly string: string }) => {
    const [most, least] = [string.replaceAll('-', '').slice(0, 16), string.replaceAll('-', '').slice(16)].map((hex) =>
      BigInt.asIntN(64, BigInt(`0x${hex}`)),
    );
    return { structured: { mostSignificantBits: most, leastSignificantBits: least } };
  };

  it('tells interleaved appends apart and answers each once, before it ends', async () => {
    const [a, b] = [open(fresh()), open(fresh())];
    const { answers, code } = await batch(
      a,
      b,
      { correlationId: a.correlationId, proposedMessages: [proposedEvent(), proposedEvent()] },
      { correlationId: b.correlationId, isFinal: true },
      { correlationId: a.correlationId, isFinal: true },
    );
    expect(code).toBe(status.OK);
    expect(answers).toMatchObject([
      { correlationId: b.correlationId, streamIdentifier: b.options.streamIdentifier, success: { currentRevision: 0n } },
      { correlationId: a.correlationId, streamIdentifier: a.options.streamIdentifier, success: { currentRevision: 2n } },
    ]);
  });

  it('answers with the correlation id in the form it came in', async () => {
    const correlationId = { structured: { mostSignificantBits: 7, leastSignificantBits: -9 } };
    const { answers } = await batch({ ...open(fresh()), correlationId, isFinal: true });
    expect(answers).toMatchObject([{ correlationId: { structured: { mostSignificantBits: 7n, leastSignificantBits: -9n } }, success: {} }]);
  });

  it('answers a wrong revision with both revisions', async () => {
    const stream = fresh();
    await batch({ ...open(stream), isFinal: true });
    const { answers } = await batch({ ...open(stream, { noStream: undefined, streamPosition: 7 }), isFinal: true });
    const { error } = answers[0] as { error: { code: number; details: { typeUrl: string; value: Buffer } } };
    expect(error).toMatchObject({
      code: status.ALREADY_EXISTS,
      details: { typeUrl: 'type.googleapis.com/event_store.client.WrongExpectedVersion' },
    });
    expect(Any.WrongExpectedVersion.decode(error.details.value)).toEqual({ currentStreamRevision: 0n, expectedStreamPosition: 7n });
  });

  it.each<[string, object]>([
    ['at an instant', { deadlineAt: { seconds: 1 } }],
    ['in no time', { deadline: { seconds: 0, nanos: 0 } }],
  ])('answers an append whose time is over %s with a timeout and writes nothing', async (_title, deadline) => {
    const stream = fresh();
    const { answers } = await batch({ ...open(stream, deadline), isFinal: true });
    expect(answers).toMatchObject([
      { error: { code: status.DEADLINE_EXCEEDED, details: { typeUrl: 'type.googleapis.com/event_store.client.Timeout' } } },
    ]);
    await expect(read(server.client().readStream(stream))).rejects.toMatchObject({ type: 'stream-not-found' });
  });

  it('answers an append that stays incomplete with a timeout, its id as two numbers, and drops what comes later', async () => {
    const late = open(fresh(), { deadline: { nanos: 20_000_000 } });
    const call = raw.duplex(`${STREAMS}/BatchAppend`);
    call.write(BatchAppendReq.encode(late));
    const [timeout] = (await once(call, 'data')) as [Buffer];
    expect(BatchAppendResp.decode(timeout)).toMatchObject({
      correlationId: asNumbers(late.correlationId),
      error: { code: status.DEADLINE_EXCEEDED },
    });
    const next = { ...open(fresh()), isFinal: true };
    call.write(BatchAppendReq.encode({ correlationId: late.correlationId, isFinal: true }));
    call.write(BatchAppendReq.encode(next));
    const [answer] = (await once(call, 'data')) as [Buffer];
    expect(BatchAppendResp.decode(answer)).toMatchObject({ correlationId: next.correlationId, success: {} });
    call.end();
  });

  it('waits no longer than two seconds for the rest of an append, however long the client would', async () => {
    const incomplete = open(fresh(), { deadline: { seconds: 60 } });
    const call = raw.duplex(`${STREAMS}/BatchAppend`);
    const startedAt = performance.now();
    call.write(BatchAppendReq.encode(incomplete));
    const [timeout] = (await once(call, 'data')) as [Buffer];
    expect(BatchAppendResp.decode(timeout)).toMatchObject({
      correlationId: asNumbers(incomplete.correlationId),
      error: { code: status.DEADLINE_EXCEEDED, message: 'Timeout' },
    });
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    call.end();
  });

  it('answers an append that grows too large once, while others go on', async () => {
    const [large, small] = [open(fresh()), open(fresh())];
    const chunk = { correlationId: large.correlationId, proposedMessages: [proposedEvent({ data: Buffer.alloc(600_000) })] };
    const { answers } = await batch(large, chunk, chunk, chunk, { ...chunk, isFinal: true }, { ...small, isFinal: true });
    expect(answers).toMatchObject([
      { correlationId: large.correlationId, error: { code: status.INVALID_ARGUMENT } },
      { correlationId: small.correlationId, success: { currentRevision: 0n } },
    ]);
    const { error } = answers[0] as { error: { details: { value: Buffer } } };
    expect(Any.MaximumAppendSizeExceeded.decode(error.details.value)).toEqual({ maxAppendSize: 1_048_576 });
  });

  it.each<[string, object]>([
    ['an event without a type', { proposedMessages: [proposedEvent({ metadata: {} })] }],
    ['a stream without a name', { options: { noStream: {} } }],
    ['a stream with an empty name', { options: { streamIdentifier: streamNamed(''), noStream: {} } }],
    ['nothing expected', { options: { streamIdentifier: streamNamed('thing-1') } }],
    ['a revision from 2^63 on', { options: { streamIdentifier: streamNamed('thing-1'), streamPosition: TOO_LARGE } }],
    ['an event with an empty id', { proposedMessages: [proposedEvent({ id: { structured: {} } })] }],
  ])('answers %s as a bad request of that append alone', async (_title, over) => {
    const { answers, code } = await batch({ ...open(fresh()), ...over, isFinal: true }, { ...open(fresh()), isFinal: true });
    expect(code).toBe(status.OK);
    const [bad, good] = answers.toSorted((a, b) => Number('success' in a) - Number('success' in b));
    expect(bad).toMatchObject({
      error: { code: status.INVALID_ARGUMENT, details: { typeUrl: 'type.googleapis.com/event_store.client.BadRequest' } },
    });
    expect(good).toMatchObject({ success: { currentRevision: 0n } });
    expect(answers).toHaveLength(2);
  });

  it('drops chunks of an append that nobody opened, as the real server does', async () => {
    const { answers, code } = await batch(
      { correlationId: { string: randomUUID() }, proposedMessages: [proposedEvent()], isFinal: true },
      { ...open(fresh()), isFinal: true },
    );
    expect(code).toBe(status.OK);
    expect(answers).toMatchObject([{ success: { currentRevision: 0n } }]);
  });

  it('ends the call as at its half-close when bytes come that are no message', async () => {
    const { answers, code } = await batch({ ...open(fresh()), isFinal: true }, MALFORMED);
    expect(code).toBe(status.OK);
    expect(answers).toMatchObject([{ success: { currentRevision: 0n } }]);
  });

  it.each<[string, (opened: ReturnType<typeof open>) => object]>([
    ['a chunk without a correlation id', () => ({ isFinal: true })],
    [
      'a bad event in a chunk that is not the first',
      ({ correlationId }) => ({ correlationId, proposedMessages: [proposedEvent({ metadata: {} })] }),
    ],
  ])('fails the whole call on %s, after it has answered what was complete', async (_title, chunk) => {
    const opened = open(fresh());
    const { answers, code } = await batch({ ...open(fresh()), isFinal: true }, opened, chunk(opened));
    expect(code).toBe(status.UNKNOWN);
    expect(answers).toMatchObject([{ success: { currentRevision: 0n } }]);
  });

  it('answers an append to a tombstoned stream with its name', async () => {
    const stream = fresh();
    await remove(raw, 'Tombstone', stream, { any: {} });
    const { answers } = await batch({ ...open(stream), isFinal: true });
    const { error } = answers[0] as { error: { details: { value: Buffer } } };
    expect(error).toMatchObject({
      code: status.NOT_FOUND,
      message: 'StreamDeleted',
      details: { typeUrl: 'type.googleapis.com/event_store.client.StreamDeleted' },
    });
    expect(Any.StreamDeleted.decode(error.details.value)).toEqual({ streamIdentifier: streamNamed(stream) });
  });
});
