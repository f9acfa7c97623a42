import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { read } from '../emulator-process.ts';
import { ServerUnderTest } from '../server-under-test.ts';
import { RawClient, STREAMS, wireMessage } from '../wire.ts';

const ReadReq = wireMessage('streams.ReadReq');
const ReadResp = wireMessage('streams.ReadResp');
const AppendReq = wireMessage('streams.AppendReq');
const AppendResp = wireMessage('streams.AppendResp');
const BatchAppendReq = wireMessage('streams.BatchAppendReq');
const BatchAppendResp = wireMessage('streams.BatchAppendResp');
const DeleteReq = wireMessage('streams.DeleteReq');
const Any = { WrongExpectedVersion: wireMessage('WrongExpectedVersion'), MaximumAppendSizeExceeded: wireMessage('MaximumAppendSizeExceeded') };

let server: ServerUnderTest;
let raw: RawClient;

beforeAll(async () => {
  server = await ServerUnderTest.start();
  raw = server.raw();
});
afterAll(() => server.leave());

const fresh = (): string => `thing-${randomUUID()}`;
const named = (stream: string) => ({ streamName: Buffer.from(stream) });
const proposed = (over: object = {}) => ({
  id: { string: randomUUID() },
  metadata: { type: 'Happened', 'content-type': 'application/json' },
  data: Buffer.from('{}'),
  ...over,
});
const MALFORMED = Buffer.from('0a05ff', 'hex');

async function appendRaw(...messages: readonly (object | Buffer)[]): Promise<Readonly<Record<string, unknown>>> {
  const { call, answer } = raw.clientStream(`${STREAMS}/Append`);
  for (const message of messages) call.write(Buffer.isBuffer(message) ? message : AppendReq.encode(message as never));
  call.end();
  return AppendResp.decode(await answer);
}

describe('Append', () => {
  const options = () => ({ options: { streamIdentifier: named(fresh()), noStream: {} } });

  it.each<[string, () => readonly (object | Buffer)[]]>([
    ['nothing', () => []],
    ['an event before the options', () => [{ proposedMessage: proposed() }]],
    ['options twice', () => [options(), options()]],
    ['options without an expected revision', () => [{ options: { streamIdentifier: named(fresh()) } }]],
    ['options without a stream', () => [{ options: { any: {} } }]],
    ['bytes that are no message', () => [MALFORMED]],
    ['an event that is no message', () => [options(), MALFORMED]],
    ['an event without an id', () => [options(), { proposedMessage: proposed({ id: undefined }) }]],
    ['an event with an empty id', () => [options(), { proposedMessage: proposed({ id: { structured: {} } }) }]],
    ['an event with an id that is none', () => [options(), { proposedMessage: proposed({ id: { string: 'x' } }) }]],
    ['an event with an empty type', () => [options(), { proposedMessage: proposed({ metadata: { type: '', 'content-type': 'application/json' } }) }]],
  ])('of %s is an invalid argument', async (_title, messages) => {
    await expect(appendRaw(...messages())).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
  });

  it.each(['type', 'content-type'])('of an event without %s names what is missing', async (missing) => {
    const metadata = Object.fromEntries(Object.entries(proposed().metadata).filter(([key]) => key !== missing));
    const fault = await appendRaw(options(), { proposedMessage: proposed({ metadata }) }).catch((cause: unknown) => cause);
    expect(fault).toMatchObject({ code: status.INVALID_ARGUMENT, details: `Required Metadata Property '${missing}' is missing` });
    expect((fault as { metadata: { getMap(): object } }).metadata.getMap()).toMatchObject({
      exception: 'missing-required-metadata-property',
      'required-metadata-properties': 'type,content-type',
    });
  });

  it('that the client breaks off writes nothing', async () => {
    const stream = fresh();
    const { call, answer } = raw.clientStream(`${STREAMS}/Append`);
    call.write(AppendReq.encode({ options: { streamIdentifier: named(stream), noStream: {} } }));
    call.write(AppendReq.encode({ proposedMessage: proposed() }));
    call.cancel();
    await expect(answer).rejects.toMatchObject({ code: status.CANCELLED });
    await expect(read(server.client().readStream(stream))).rejects.toMatchObject({ type: 'stream-not-found' });
  });

  it('of nothing to no stream answers that there is none', async () => {
    expect(await appendRaw(options())).toEqual({ success: { noStream: {}, noPosition: {} } });
  });
});

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
    options: { streamIdentifier: named(stream), noStream: {}, ...over },
    proposedMessages: [proposed()],
  });

  it('tells interleaved appends apart and answers each once, before it ends', async () => {
    const [a, b] = [open(fresh()), open(fresh())];
    const { answers, code } = await batch(
      a,
      b,
      { correlationId: a.correlationId, proposedMessages: [proposed(), proposed()] },
      { correlationId: b.correlationId, isFinal: true },
      { correlationId: a.correlationId, isFinal: true },
    );
    expect(code).toBe(status.OK);
    expect(answers).toMatchObject([
      { correlationId: b.correlationId, streamIdentifier: b.options.streamIdentifier, noStream: {}, success: { currentRevision: 0n } },
      { correlationId: a.correlationId, streamIdentifier: a.options.streamIdentifier, noStream: {}, success: { currentRevision: 2n } },
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
    expect(error).toMatchObject({ code: status.ALREADY_EXISTS, details: { typeUrl: 'type.googleapis.com/event_store.client.WrongExpectedVersion' } });
    expect(Any.WrongExpectedVersion.decode(error.details.value)).toEqual({ currentStreamRevision: 0n, expectedStreamPosition: 7n });
  });

  it('answers that a stream was deleted for ever with its name', async () => {
    const stream = fresh();
    await raw.unary(`${STREAMS}/Tombstone`, DeleteReq.encode({ options: { streamIdentifier: named(stream), noStream: {} } }));
    const { answers } = await batch({ ...open(stream), isFinal: true });
    const { error } = answers[0] as { error: { code: number; details: { typeUrl: string; value: Buffer } } };
    expect(error).toMatchObject({ code: status.NOT_FOUND, details: { typeUrl: 'type.googleapis.com/event_store.client.StreamDeleted' } });
    expect(wireMessage('StreamDeleted').decode(error.details.value)).toEqual({ streamIdentifier: named(stream) });
  });

  it.each<[string, object]>([
    ['at an instant', { deadlineAt: { seconds: 1 } }],
    ['in no time', { deadline: { seconds: 0, nanos: 0 } }],
  ])('answers an append whose time is over %s with a timeout and writes nothing', async (_title, deadline) => {
    const stream = fresh();
    const { answers } = await batch({ ...open(stream, deadline), isFinal: true });
    expect(answers).toMatchObject([{ error: { code: status.DEADLINE_EXCEEDED, details: { typeUrl: 'type.googleapis.com/event_store.client.Timeout' } } }]);
    await expect(read(server.client().readStream(stream))).rejects.toMatchObject({ type: 'stream-not-found' });
  });

  it('answers an append that stays incomplete with a timeout, and drops what comes later', async () => {
    const late = open(fresh(), { deadline: { nanos: 20_000_000 } });
    const call = raw.duplex(`${STREAMS}/BatchAppend`);
    call.write(BatchAppendReq.encode(late));
    const [timeout] = (await once(call, 'data')) as [Buffer];
    expect(BatchAppendResp.decode(timeout)).toMatchObject({ correlationId: late.correlationId, error: { code: status.DEADLINE_EXCEEDED } });
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
    expect(BatchAppendResp.decode(timeout)).toMatchObject({ correlationId: incomplete.correlationId, error: { code: status.DEADLINE_EXCEEDED, message: 'Timeout' } });
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    call.end();
  });

  it('answers an append that grows too large once, while others go on', async () => {
    const [large, small] = [open(fresh()), open(fresh())];
    const chunk = { correlationId: large.correlationId, proposedMessages: [proposed({ data: Buffer.alloc(600_000) })] };
    const { answers } = await batch(large, chunk, chunk, chunk, { ...chunk, isFinal: true }, { ...small, isFinal: true });
    expect(answers).toMatchObject([
      { correlationId: large.correlationId, error: { code: status.INVALID_ARGUMENT } },
      { correlationId: small.correlationId, success: { currentRevision: 0n } },
    ]);
    const { error } = answers[0] as { error: { details: { value: Buffer } } };
    expect(Any.MaximumAppendSizeExceeded.decode(error.details.value)).toEqual({ maxAppendSize: 1_048_576 });
  });

  it.each<[string, object]>([
    ['an event without a type', { proposedMessages: [proposed({ metadata: {} })] }],
    ['a stream without a name', { options: { noStream: {} } }],
    ['nothing expected', { options: { streamIdentifier: named('thing-1') } }],
  ])('answers %s as a bad request of that append alone', async (_title, over) => {
    const { answers, code } = await batch({ ...open(fresh()), ...over, isFinal: true }, { ...open(fresh()), isFinal: true });
    expect(code).toBe(status.OK);
    const [bad, good] = answers.toSorted((a, b) => Number('success' in a) - Number('success' in b));
    expect(bad).toMatchObject({ error: { code: status.INVALID_ARGUMENT, details: { typeUrl: 'type.googleapis.com/event_store.client.BadRequest' } } });
    expect(good).toMatchObject({ success: { currentRevision: 0n } });
    expect(answers).toHaveLength(2);
  });

  it('drops chunks of an append that nobody opened, as the real server does', async () => {
    const { answers, code } = await batch({ correlationId: { string: randomUUID() }, proposedMessages: [proposed()], isFinal: true }, { ...open(fresh()), isFinal: true });
    expect(code).toBe(status.OK);
    expect(answers).toMatchObject([{ success: { currentRevision: 0n } }]);
  });

  it.each<[string, object | Buffer]>([
    ['bytes that are no message', MALFORMED],
    ['a chunk without a correlation id', { isFinal: true }],
  ])('ends the call on %s, after it has answered what came before', async (_title, chunk) => {
    const { answers, code } = await batch({ ...open(fresh()), isFinal: true }, chunk);
    expect(code).toBe(status.INVALID_ARGUMENT);
    expect(answers).toMatchObject([{ success: { currentRevision: 0n } }]);
  });
});

describe('Read', () => {
  async function readRaw(request: Buffer): Promise<Readonly<Record<string, unknown>>[]> {
    const answers = await Array.fromAsync(raw.serverStream(`${STREAMS}/Read`, request) as AsyncIterable<Buffer>);
    return answers.map((bytes) => ReadResp.decode(bytes));
  }
  const ofStream = (stream: string, over: object = {}) =>
    ReadReq.encode({ options: { stream: { streamIdentifier: named(stream), start: {} }, count: 10, noFilter: {}, uuidOption: { structured: {} }, ...over } });

  it('sends ids as two numbers to clients that want them so', async () => {
    const stream = fresh();
    const [most, least] = [0x0123456789abcdefn, -2n];
    const id = { structured: { mostSignificantBits: Number(most >> 32n) * 2 ** 32, leastSignificantBits: -2 } };
    await appendRaw({ options: { streamIdentifier: named(stream), noStream: {} } }, { proposedMessage: proposed({ id }) });
    const [answer] = await readRaw(ofStream(stream));
    expect(answer).toMatchObject({ event: { event: { id: { structured: { mostSignificantBits: (most >> 32n) << 32n, leastSignificantBits: least } } } } });
  });

  it('sends the last revision of the stream behind the events to clients that ask, and the first one when there are none', async () => {
    const stream = fresh();
    const event = { proposedMessage: proposed() };
    await appendRaw({ options: { streamIdentifier: named(stream), noStream: {} } }, event, { proposedMessage: proposed() });
    const asking = { controlOption: { compatibility: 1 } };
    const answers = await readRaw(ofStream(stream, asking));
    expect(answers).toMatchObject([{ event: {} }, { event: {} }, { lastStreamPosition: 1n }]);
    const beyond = { stream: { streamIdentifier: named(stream), revision: 5 } };
    expect(await readRaw(ofStream(stream, { ...asking, ...beyond }))).toEqual([{ firstStreamPosition: 0n }, { lastStreamPosition: 1n }]);
    expect(await readRaw(ofStream(stream, { ...asking, readDirection: 1, stream: { streamIdentifier: named(stream), end: {} } }))).toMatchObject([
      { event: {} }, { event: {} }, { lastStreamPosition: 1n },
    ]);
    expect(await readRaw(ofStream(stream))).toMatchObject([{ event: {} }, { event: {} }]);
  });

  it.each([
    ['bytes that are no message', MALFORMED],
    ['no options', Buffer.alloc(0)],
    ['a combination that makes no sense', ofStream('thing-1', { readDirection: 7 })],
    ['ids in no form', ofStream('thing-1', { uuidOption: undefined })],
  ])('of %s is an invalid argument', async (_title, request) => {
    await expect(readRaw(request)).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
  });

  it.each([
    ['nothing', { count: 0 }],
    ['what comes after the end', { stream: { streamIdentifier: named('will be replaced'), end: {} } }],
  ])('of %s of a stream fails as the real server does', async (_title, over) => {
    const stream = fresh();
    await appendRaw({ options: { streamIdentifier: named(stream), noStream: {} } }, { proposedMessage: proposed() });
    const options = 'stream' in over ? { stream: { ...over.stream, streamIdentifier: named(stream) } } : over;
    await expect(readRaw(ofStream(stream, options))).rejects.toMatchObject({ code: status.UNKNOWN });
  });
});

describe('The port', () => {
  it('answers what is not served with UNIMPLEMENTED', async () => {
    for (const path of ['/event_store.client.users.Users/Create', '/no.Such/Thing']) {
      await expect(raw.unary(path, Buffer.alloc(0))).rejects.toMatchObject({ code: status.UNIMPLEMENTED });
    }
  });

  it('lists what it serves, in lower case, with a version that clients understand', async () => {
    const listed = wireMessage('SupportedMethods').decode(
      await raw.unary('/event_store.client.server_features.ServerFeatures/GetSupportedMethods', Buffer.alloc(0)),
    ) as { eventStoreServerVersion: string; methods: { serviceName: string; methodName: string }[] };
    expect(listed.eventStoreServerVersion).toMatch(/^\d+\.\d+\.\d+$/);
    const streams = listed.methods.filter(({ serviceName }) => serviceName === 'event_store.client.streams.streams');
    expect(streams.map(({ methodName }) => methodName).sort()).toEqual(['append', 'batchappend', 'delete', 'read', 'tombstone']);
  });

  it('names what calls can do that older servers can not', async () => {
    const { methods } = wireMessage('SupportedMethods').decode(
      await raw.unary('/event_store.client.server_features.ServerFeatures/GetSupportedMethods', Buffer.alloc(0)),
    ) as { methods: { serviceName: string; methodName: string; features: string[] }[] };
    const features = methods.filter(({ serviceName }) => serviceName === 'event_store.client.streams.streams').map((each) => [each.methodName, each.features]);
    expect(Object.fromEntries(features)).toEqual({ read: ['position', 'events'], append: [], batchappend: ['deadline_duration'], delete: [], tombstone: [] });
  });

  it('tells a discovering client the address that it used', async () => {
    const client = server.client();
    await client.appendToStream(fresh(), [], { expectedRevision: 'no_stream' });
    const gossip = wireMessage('ClusterInfo').decode(await raw.unary('/event_store.client.gossip.Gossip/Read', Buffer.alloc(0)));
    expect(gossip).toMatchObject({ members: [{ isAlive: true, state: 8, httpEndPoint: { address: server.host, port: server.port } }] });
  });

  it('speaks plain HTTP for liveness', async () => {
    expect((await fetch(`http://${server.host}:${server.port}/health/live`)).status).toBe(204);
    expect((await fetch(`http://${server.host}:${server.port}/streams`)).status).toBe(404);
  });

  it('survives connections that are neither', async () => {
    for (const bytes of ['', 'P', 'PRI * nonsense\r\n\r\n', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nnonsense'.repeat(9), '\0\0\0']) {
      const socket = connect(server.port, server.host);
      socket.on('error', () => {});
      socket.end(bytes);
      socket.resume();
      await once(socket, 'close');
    }
    await expect(raw.unary('/event_store.client.gossip.Gossip/Read', Buffer.alloc(0))).resolves.toBeDefined();
  });

  it('refuses to delete what it is not told', async () => {
    for (const request of [MALFORMED, Buffer.alloc(0), DeleteReq.encode({ options: { any: {} } })]) {
      await expect(raw.unary(`${STREAMS}/Delete`, request)).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
    }
  });
});
