import { type ClientDuplexStream, type Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { jsonEvent } from '../../client-under-test.ts';
import { add, eventually, fresh, settings, watchAndAck } from '../../group-client.ts';
import { ServerUnderTest } from '../../server-under-test.ts';
import { MALFORMED, TOO_LARGE, wireMessage } from '../../wire.ts';

const SERVICE = '/event_store.client.persistent_subscriptions.PersistentSubscriptions';
const message = (name: string) => wireMessage(`persistent_subscriptions.${name}`);
const requests = {
  Create: message('CreateReq'),
  Update: message('CreateReq'),
  Delete: message('DeleteReq'),
  GetInfo: message('GetInfoReq'),
  ReplayParked: message('ReplayParkedReq'),
  List: message('ListReq'),
} as const;
const ReadReq = message('ReadReq');
const ReadResp = message('ReadResp');
const GetInfoResp = message('GetInfoResp');

const server = await ServerUnderTest.start();
const raw = server.raw();

const named = (stream: string) => ({ streamName: Buffer.from(stream) });
const good = {
  maxRetryCount: 1,
  readBatchSize: 5,
  historyBufferSize: 10,
  liveBufferSize: 10,
  minCheckpointCount: 1,
  maxCheckpointCount: 5,
  messageTimeoutMs: 1000,
};

function call(method: keyof typeof requests, options: object | Buffer): Promise<Buffer> {
  return raw.unary(`${SERVICE}/${method}`, Buffer.isBuffer(options) ? options : requests[method].encode({ options }));
}
async function info(stream: string) {
  const answer = GetInfoResp.decode(await call('GetInfo', { streamIdentifier: named(stream), groupName: 'g' }));
  // What is 0 is not sent.
  return { totalInFlightMessages: 0, ...(answer['subscriptionInfo'] as Readonly<Record<string, unknown>>) };
}
async function fault(work: Promise<unknown>) {
  const cause = (await work.then(
    () => expect.unreachable(),
    (error: unknown) => error,
  )) as ServiceError;
  return { code: cause.code, details: cause.details, trailers: cause.metadata.getMap() };
}

describe('A request', () => {
  it.each<[keyof typeof requests, string, object]>([
    ['Create', 'without anything', {}],
    ['Create', 'without settings', { groupName: 'g', stream: { streamIdentifier: named('s'), start: {} } }],
    ['Create', 'without a group', { settings: good, stream: { streamIdentifier: named('s'), start: {} } }],
    [
      'Create',
      'from a revision from 2^63 on',
      { groupName: 'g', settings: good, stream: { streamIdentifier: named('s'), revision: TOO_LARGE } },
    ],
    [
      'Create',
      'from a revision from 2^63 on, as older clients say it',
      { groupName: 'g', settings: { ...good, revision: TOO_LARGE }, streamIdentifier: named('s') },
    ],
    [
      'Create',
      'from a commit before its prepare',
      { groupName: 'g', settings: good, all: { position: { commitPosition: 1, preparePosition: 2 } } },
    ],
    ['Create', 'from a position from 2^63 on', { groupName: 'g', settings: good, all: { position: { commitPosition: TOO_LARGE } } }],
    [
      'Create',
      'with a filter that is no pattern',
      { groupName: 'g', settings: good, all: { start: {}, filter: { eventType: { regex: '(' } } } },
    ],
    ['Update', 'without settings', { groupName: 'g' }],
    ['Delete', 'without a stream', { groupName: 'g' }],
    ['Delete', 'without a group', { streamIdentifier: named('s') }],
    ['GetInfo', 'without anything', {}],
    ['ReplayParked', 'without an end', { groupName: 'g', streamIdentifier: named('s') }],
    ['List', 'of nothing', {}],
    ['List', 'of a stream without saying which', { listForStream: {} }],
  ])('that no handler expects fails as in the real server: %s %s', async (method, _title, options) => {
    const { code, details } = await fault(call(method, options));
    expect({ code, details }).toEqual({
      code: status.UNKNOWN,
      details: expect.stringMatching(/^Exception was thrown by handler\./) as string,
    });
  });

  it.each<[string, object]>([
    ['a stream from nowhere', { stream: { streamIdentifier: named('s') } }],
    ['$all from nowhere', { all: {} }],
    ['a filter of neither streams nor types', { all: { start: {}, filter: {} } }],
  ])('to create a group of %s is an invalid argument', async (_title, options) => {
    expect(await fault(call('Create', { groupName: 'g', settings: good, ...options }))).toMatchObject({ code: status.INVALID_ARGUMENT });
  });

  it.each(Object.keys(requests) as (keyof typeof requests)[])(
    'of bytes that are no message, or of none, fails as an exception of the handler: %s',
    async (method) => {
      expect(await fault(call(method, MALFORMED))).toMatchObject({ code: status.UNKNOWN });
      expect(await fault(call(method, Buffer.alloc(0)))).toMatchObject({ code: status.UNKNOWN });
    },
  );

  it.each<[string, string, object]>([
    ['Bad stream name.', '', {}],
    ['Persistent subscriptions to $all are only supported over gRPC through gRPC clients', '$all', {}],
    ['Consumer strategy 7 does not exist.', 's', { namedConsumerStrategy: 7 }],
    ['Consumer strategy Mine does not exist.', 's', { consumerStrategy: 'Mine' }],
  ])('fails with the reason "%s"', async (reason, stream, changes) => {
    const created = call('Create', {
      groupName: 'g',
      stream: { streamIdentifier: named(stream), start: {} },
      settings: { ...good, ...changes },
    });
    expect(await fault(created)).toEqual({
      code: status.INTERNAL,
      details: `Subscription group g on stream ${stream} failed: '${reason}'`,
      trailers: expect.objectContaining({ exception: 'persistent-subscription-failed', 'stream-name': stream, 'group-name': 'g', reason }),
    });
  });

  it.each<[string, object, string]>([
    ['a revision', { stream: { streamIdentifier: named('S'), revision: 3 } }, '3'],
    ['the end, as -1', { streamIdentifier: named('S') }, '-1'],
    ['the start, as older clients say it', { streamIdentifier: named('S') }, '0'],
  ])('creates a group from %s', async (_title, options, startFrom) => {
    const stream = fresh();
    const asked = JSON.parse(JSON.stringify(options), (_key, value: unknown) => value) as { stream?: object };
    const withName =
      asked.stream === undefined ? { streamIdentifier: named(stream) } : { stream: { ...asked.stream, streamIdentifier: named(stream) } };
    const revision = startFrom === '-1' ? { low: -1, high: -1, unsigned: true } : 0;
    await call('Create', {
      groupName: 'g',
      ...withName,
      settings: {
        ...good,
        revision,
        consumerStrategy: 'PinnedByCorrelation',
        messageTimeoutMs: undefined,
        messageTimeoutTicks: 20_000,
        checkpointAfterTicks: 30_000,
      },
    });
    expect(await info(stream)).toMatchObject({
      startFrom,
      namedConsumerStrategy: 'PinnedByCorrelation',
      messageTimeoutMilliseconds: 2,
      checkPointAfterMilliseconds: 3,
    });
  });

  it.each([
    ['DispatchToSingle', { namedConsumerStrategy: 0 }],
    ['RoundRobin', { namedConsumerStrategy: 1 }],
    ['Pinned', { namedConsumerStrategy: 2 }],
    ['PinnedByCorrelation', { namedConsumerStrategy: 1, consumerStrategy: 'PinnedByCorrelation' }],
  ])('may ask for %s by number, or by a name, which wins', async (namedConsumerStrategy, strategy) => {
    const stream = fresh();
    await call('Create', { groupName: 'g', stream: { streamIdentifier: named(stream), start: {} }, settings: { ...good, ...strategy } });
    expect(await info(stream)).toMatchObject({ namedConsumerStrategy });
  });

  it.each<[string, object, string]>([
    ['the start', { start: {} }, 'C:0/P:0'],
    ['the end', { end: {} }, 'C:-1/P:-1'],
    ['a position', { position: { commitPosition: 1, preparePosition: 1 } }, 'C:1/P:1'],
  ])('names the start of a group of $all from %s by two numbers', async (_title, from, startFrom) => {
    const groupName = fresh('group');
    await call('Create', { groupName, all: { ...from, noFilter: {} }, settings: good });
    const told = GetInfoResp.decode(await call('GetInfo', { all: {}, groupName }));
    expect(told['subscriptionInfo']).toMatchObject({ eventSource: '$all', startFrom });
    await call('Delete', { all: {}, groupName });
  });

  it('for a group that is there already fails with its names', async () => {
    const stream = fresh();
    const options = { groupName: 'g', stream: { streamIdentifier: named(stream), start: {} }, settings: good };
    await call('Create', options);
    expect(await fault(call('Create', options))).toEqual({
      code: status.ALREADY_EXISTS,
      details: `Subscription group g on stream ${stream} exists.`,
      trailers: expect.objectContaining({ exception: 'persistent-subscription-exists', 'stream-name': stream, 'group-name': 'g' }),
    });
  });

  it('of a group that is not there names it, in trailers that are text', async () => {
    expect(await fault(call('Delete', { streamIdentifier: named('gibt-es-nicht-ü'), groupName: 'g' }))).toEqual({
      code: status.NOT_FOUND,
      details: 'Subscription group g on stream gibt-es-nicht-ü does not exist.',
      trailers: expect.objectContaining({
        exception: 'persistent-subscription-does-not-exist',
        'stream-name': 'gibt-es-nicht-%C3%BC',
        'group-name': 'g',
      }),
    });
  });

  it('is listed among what the server can do, for streams and for $all', async () => {
    const listed = wireMessage('SupportedMethods').decode(
      await raw.unary('/event_store.client.server_features.ServerFeatures/GetSupportedMethods', Buffer.alloc(0)),
    );
    const methods = (listed['methods'] as { serviceName: string; methodName: string; features: string[] }[]).filter(
      ({ serviceName }) => serviceName === 'event_store.client.persistent_subscriptions.persistentsubscriptions',
    );
    expect(methods.map(({ methodName }) => methodName).sort()).toEqual([
      'create',
      'delete',
      'getinfo',
      'list',
      'read',
      'replayparked',
      'restartsubsystem',
      'update',
    ]);
    expect(methods.every(({ features }) => features.join() === 'stream,all')).toBe(true);
  });
});

describe('A client of a group', () => {
  interface Reader {
    readonly call: ClientDuplexStream<Buffer, Buffer>;
    readonly answers: Readonly<Record<string, unknown>>[];
    readonly ended: Promise<{ code: status; details: string; metadata: Metadata }>;
    send(content: object | Buffer): void;
  }

  function open(...first: readonly (object | Buffer)[]): Reader {
    const duplex = raw.duplex(`${SERVICE}/Read`);
    const answers: Readonly<Record<string, unknown>>[] = [];
    duplex.on('data', (bytes: Buffer) => answers.push(ReadResp.decode(bytes)));
    duplex.on('error', () => {});
    const ended = new Promise<{ code: status; details: string; metadata: Metadata }>((resolve) => duplex.on('status', resolve));
    const send = (content: object | Buffer): void =>
      void duplex.write(Buffer.isBuffer(content) ? content : ReadReq.encode(content as never));
    first.forEach(send);
    return { call: duplex, answers, ended, send };
  }
  async function groupOf(count: number): Promise<string> {
    const stream = fresh();
    const client = server.client();
    await add(client, stream, count);
    await client.createPersistentSubscriptionToStream(stream, 'g', settings());
    return stream;
  }
  const options = (stream: string, over: object = {}) => ({
    options: { streamIdentifier: named(stream), groupName: 'g', bufferSize: 10, uuidOption: { structured: {} }, ...over },
  });

  it('gets a confirmation first, ids as two numbers if it wants, positions and the retries', async () => {
    const stream = await groupOf(1);
    const reader = open(options(stream));
    await eventually(() => expect(reader.answers).toHaveLength(2));
    expect(reader.answers[0]).toEqual({ subscriptionConfirmation: { subscriptionId: `${stream}::g` } });
    const { event } = reader.answers[1] as {
      event: { event: { id: { structured: object }; commitPosition: bigint }; commitPosition: bigint; retryCount: number };
    };
    expect(event).toMatchObject({ retryCount: 0, commitPosition: event.event.commitPosition });
    reader.send({
      ack: {
        ids: [{ structured: Object.fromEntries(Object.entries(event.event.id.structured).map(([key, value]) => [key, String(value)])) }],
      },
    });
    await eventually(async () => expect(await info(stream)).toMatchObject({ totalInFlightMessages: 0 }));
    reader.call.cancel();
  });

  it('is told by its text and trailers that the group was dropped, or has clients enough', async () => {
    const stream = fresh();
    await call('Create', {
      groupName: 'g',
      stream: { streamIdentifier: named(stream), start: {} },
      settings: { ...good, maxSubscriberCount: 1 },
    });
    const first = open(options(stream));
    await eventually(() => expect(first.answers).toHaveLength(1));
    const trailers = { 'stream-name': stream, 'group-name': 'g' };
    const second = await open(options(stream)).ended;
    expect(second).toMatchObject({
      code: status.FAILED_PRECONDITION,
      details: `Maximum subscriptions reached for subscription group g on stream ${stream}.`,
    });
    expect(second.metadata.getMap()).toMatchObject({ exception: 'maximum-subscribers-reached', ...trailers });
    await call('Delete', { streamIdentifier: named(stream), groupName: 'g' });
    const dropped = await first.ended;
    expect(dropped).toMatchObject({ code: status.CANCELLED, details: `Subscription group g on stream ${stream} was dropped.` });
    expect(dropped.metadata.getMap()).toMatchObject({ exception: 'persistent-subscription-dropped', ...trailers });
  });

  it('that nacks without saying what to do has the event sent again', async () => {
    const stream = await groupOf(1);
    const reader = open(options(stream, { uuidOption: { string: {} } }));
    await eventually(() => expect(reader.answers).toHaveLength(2));
    const { event } = reader.answers[1] as { event: { event: { id: object } } };
    reader.send({ nack: { ids: [event.event.id], action: 0 } });
    await eventually(() => expect(reader.answers[2]).toMatchObject({ event: { retryCount: 1, event: { id: event.event.id } } }));
    reader.call.cancel();
  });

  it('has all events of a correlation id, or none, under PinnedByCorrelation, which only messages can ask for', async () => {
    const stream = fresh();
    const client = server.client();
    await call('Create', {
      groupName: 'g',
      stream: { streamIdentifier: named(stream), start: {} },
      settings: { ...good, consumerStrategy: 'PinnedByCorrelation' },
    });
    const connect = () => watchAndAck(client.subscribeToPersistentSubscriptionToStream(stream, 'g'));
    const [a, b] = [await connect(), await connect()];
    const events = Array.from({ length: 24 }, (_, n) =>
      jsonEvent({ type: 'Happened', data: {}, metadata: { $correlationId: `c${n % 8}` } }),
    );
    await client.appendToStream(stream, events, { expectedRevision: 'no_stream' });
    await eventually(() => expect(a.seen.length + b.seen.length).toBe(24));
    const correlationsOf = ({ seen }: typeof a): Set<unknown> =>
      new Set(seen.map(({ event }) => (event!.metadata as { $correlationId: string }).$correlationId));
    expect(correlationsOf(a).intersection(correlationsOf(b)).size).toBe(0);
    expect([correlationsOf(a).size > 0, correlationsOf(b).size > 0]).toEqual([true, true]);
    await Promise.all([a, b].map(({ subscription }) => subscription.unsubscribe()));
  });

  it('that takes nothing is given nothing', async () => {
    const stream = await groupOf(2);
    const reader = open(options(stream, { bufferSize: 0 }));
    await eventually(() => expect(reader.answers).toHaveLength(1));
    await eventually(async () => expect(await info(stream)).toMatchObject({ readBufferCount: 2, totalInFlightMessages: 0 }));
    reader.call.cancel();
  });

  it('is served before the one that connects behind it in the same breath', async () => {
    const stream = await groupOf(4);
    await eventually(async () => expect(await info(stream)).toMatchObject({ readBufferCount: 4 }));
    const readers = [open(options(stream)), open(options(stream))];
    await eventually(() => expect(readers.map(({ answers }) => answers.length)).toEqual([5, 1]));
    readers.forEach(({ call: each }) => each.cancel());
  });

  it('that only listens from now on is served on', async () => {
    const stream = await groupOf(1);
    const reader = open(options(stream));
    await eventually(() => expect(reader.answers).toHaveLength(2));
    reader.call.end();
    await add(server.client(), stream, 1);
    await eventually(() => expect(reader.answers).toHaveLength(3));
    reader.call.cancel();
  });

  it('may say everything at once, and is heard', async () => {
    const stream = await groupOf(1);
    const reader = open(options(stream), { ack: { ids: [] } }, { nack: { ids: [], action: 9 } });
    expect(await reader.ended).toMatchObject({ code: status.UNKNOWN });
  });

  it('that says nothing is let go', async () => {
    const reader = open();
    reader.call.end();
    expect(await reader.ended).toMatchObject({ code: status.OK });
  });

  it.each<[string, object | Buffer, status]>([
    ['no message', MALFORMED, status.UNKNOWN],
    ['an ack before it said who it is', { ack: { ids: [] } }, status.UNKNOWN],
    ['no group', { options: { streamIdentifier: named('s'), uuidOption: { string: {} } } }, status.UNKNOWN],
    ['no stream', { options: { groupName: 'g', uuidOption: { string: {} } } }, status.UNKNOWN],
    ['a group that does not exist', options('no-such-stream'), status.NOT_FOUND],
  ])('that begins with %s is refused', async (_title, first, code) => {
    expect(await open(first).ended).toMatchObject({ code });
  });

  it.each<[string, object | Buffer, status]>([
    ['no message', MALFORMED, status.UNKNOWN],
    ['who it is once more', options('s'), status.UNKNOWN],
    ['an unknown action', { nack: { ids: [], action: 9 } }, status.UNKNOWN],
    ['an id that is none', { ack: { ids: [{ string: 'x' }] } }, status.UNKNOWN],
    ['nothing', {}, status.UNKNOWN],
  ])('that goes on with %s is let go, and its events go to others', async (_title, wrong, code) => {
    const stream = await groupOf(1);
    const reader = open(options(stream));
    await eventually(() => expect(reader.answers).toHaveLength(2));
    reader.send(wrong);
    expect(await reader.ended).toMatchObject({ code });
    const other = open(options(stream));
    await eventually(() => expect(other.answers).toMatchObject([{}, { event: { retryCount: 1 } }]));
    other.call.cancel();
  });
});
