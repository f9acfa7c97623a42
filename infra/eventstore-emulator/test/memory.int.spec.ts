import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FOLDER_VARIABLE, bytesOf, memoryOf, memoryProbe } from '@orderstream/local-stack/testing/memory';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EmulatorProcess } from './emulator-process.ts';
import { append, proposedEvent, readAnswers, remove, streamNamed, subscribe } from './raw-calls.ts';
import { MALFORMED, RawClient, STREAMS, wireMessage } from './wire.ts';

const GROUPS = '/event_store.client.persistent_subscriptions.PersistentSubscriptions';
const group = (name: string) => wireMessage(`persistent_subscriptions.${name}`);
const [CreateReq, DeleteReq, GetInfoReq, ListReq, GroupReq] = ['CreateReq', 'DeleteReq', 'GetInfoReq', 'ListReq', 'ReadReq'].map(group) as [
  Wire,
  Wire,
  Wire,
  Wire,
  Wire,
];
type Wire = ReturnType<typeof group>;
const GroupResp = group('ReadResp');
const BatchAppendReq = wireMessage('streams.BatchAppendReq');
const settings = {
  maxRetryCount: 1,
  readBatchSize: 5,
  historyBufferSize: 10,
  liveBufferSize: 10,
  minCheckpointCount: 1,
  maxCheckpointCount: 5,
  messageTimeoutMs: 1000,
};

let folder: string;
let emulator: EmulatorProcess;
let raw: RawClient;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'memory-'));
  emulator = await EmulatorProcess.start({
    folder,
    preload: memoryProbe,
    env: { [FOLDER_VARIABLE]: folder },
    args: ['--run-projections=All'],
  });
  raw = new RawClient(emulator.port);
  const events = Array.from({ length: 500 }, () => proposedEvent({ data: Buffer.alloc(500, 'x') }));
  await append(raw, 'long', { noStream: {} }, ...events);
  await append(raw, 'short', { noStream: {} }, proposedEvent());
  await raw.unary(
    `${GROUPS}/Create`,
    CreateReq.encode({ options: { groupName: 'g', stream: { streamIdentifier: streamNamed('short'), start: {} }, settings } }),
  );
});
afterAll(async () => {
  raw.close();
  await emulator.remove();
  rmSync(folder, { recursive: true, force: true });
});

/** Opens a call, waits for its first answer and leaves. */
async function leaveEarly(call: ReturnType<RawClient['serverStream']>): Promise<void> {
  const left = once(call, 'error');
  await once(call, 'data');
  call.cancel();
  // What came meanwhile stands before the end.
  call.resume();
  await left;
}

async function joinGroup(): Promise<void> {
  const call = raw.duplex(`${GROUPS}/Read`);
  const left = once(call, 'error');
  const { promise: given, resolve } = Promise.withResolvers<void>();
  call.on('data', (bytes: Buffer) => {
    if ('event' in GroupResp.decode(bytes)) resolve();
  });
  call.write(
    GroupReq.encode({ options: { streamIdentifier: streamNamed('short'), groupName: 'g', bufferSize: 10, uuidOption: { string: {} } } }),
  );
  await given;
  call.cancel();
  await left;
}

async function batchAppend(): Promise<void> {
  const call = raw.duplex(`${STREAMS}/BatchAppend`);
  const options = { streamIdentifier: streamNamed('batch'), any: {} };
  call.write(
    BatchAppendReq.encode({ correlationId: { string: randomUUID() }, options, proposedMessages: [proposedEvent()], isFinal: true }),
  );
  await once(call, 'data');
  call.end();
  await once(call.resume(), 'end');
}

async function breakOff(): Promise<void> {
  const { call, answer } = raw.clientStream(`${STREAMS}/Append`);
  const sent = Promise.withResolvers<void>();
  call.write(wireMessage('streams.AppendReq').encode({ options: { streamIdentifier: streamNamed('short'), any: {} } }), () =>
    sent.resolve(),
  );
  await sent.promise;
  call.cancel();
  await answer.catch(() => {});
}

async function manageGroup(): Promise<void> {
  const stream = `groups-${randomUUID()}`;
  await raw.unary(
    `${GROUPS}/Create`,
    CreateReq.encode({ options: { groupName: 'g', stream: { streamIdentifier: streamNamed(stream), start: {} }, settings } }),
  );
  await raw.unary(`${GROUPS}/Delete`, DeleteReq.encode({ options: { streamIdentifier: streamNamed(stream), groupName: 'g' } }));
}

async function comeAndGo(): Promise<void> {
  const client = new RawClient(emulator.port);
  await readAnswers(client, { stream: 'short' });
  client.close();
}

const refused = (path: string) => async (): Promise<void> => {
  await raw.unary(path, MALFORMED).then(
    () => expect.unreachable(),
    () => {},
  );
};

const AT_ONCE = 8;
const REPEATS = 250;
const ROUNDS = 4;
/** For one request: any object that it left would be larger. */
const NOTHING_BYTES = 120;

/** On a connection of its own: one on which a thousand calls were broken off in a breath is closed. */
async function repeat(request: () => Promise<unknown>): Promise<void> {
  raw.close();
  raw = new RawClient(emulator.port);
  let left = REPEATS;
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (left-- > 0) await request();
    }),
  );
}

describe('What the emulator keeps', () => {
  it.each<[what: string, request: () => Promise<unknown>, warmUps?: number]>([
    ['reads to the end', () => readAnswers(raw, { stream: 'short' })],
    ['reads of a stream that is not there', () => readAnswers(raw, { stream: 'none' })],
    [
      'reads that are left early',
      () =>
        leaveEarly(
          raw.serverStream(
            `${STREAMS}/Read`,
            wireMessage('streams.ReadReq').encode({
              options: {
                stream: { streamIdentifier: streamNamed('long'), start: {} },
                count: 1000,
                noFilter: {},
                uuidOption: { string: {} },
              },
            }),
          ),
        ),
    ],
    ['appends to one stream', () => append(raw, 'one', { any: {} }, proposedEvent())],
    ['appends to streams that are new', () => append(raw, randomUUID(), { noStream: {} }, proposedEvent())],
    ['appends at a revision that is not the current one', () => append(raw, 'long', { revision: 3 }, proposedEvent())],
    ['appends that are broken off', breakOff],
    ['batch appends', batchAppend],
    [
      'deletions',
      async () => {
        const stream = randomUUID();
        await append(raw, stream, { noStream: {} }, proposedEvent());
        await remove(raw, 'Delete', stream, { any: {} });
      },
    ],
    ['subscriptions to a stream', () => leaveEarly(subscribe(raw, { stream: 'short' }).call)],
    [
      'subscriptions to $all with a filter',
      () => leaveEarly(subscribe(raw, { filter: { streamIdentifier: { regex: '^sh' }, count: {}, checkpointIntervalMultiplier: 1 } }).call),
    ],
    ['clients of a group', joinGroup],
    // Of a thousand streams it is remembered that their groups were deleted.
    ['groups that are created and deleted', manageGroup, 5],
    [
      'looks at a group',
      () => raw.unary(`${GROUPS}/GetInfo`, GetInfoReq.encode({ options: { streamIdentifier: streamNamed('short'), groupName: 'g' } })),
    ],
    ['lists of all groups', () => raw.unary(`${GROUPS}/List`, ListReq.encode({ options: { listAllSubscriptions: {} } }))],
    ['connections', comeAndGo],
    [
      'questions what the server can do',
      () => raw.unary('/event_store.client.server_features.ServerFeatures/GetSupportedMethods', Buffer.alloc(0)),
    ],
    ['calls of a method that is not there', refused('/event_store.client.streams.Streams/None')],
    ['requests that are no message', refused(`${GROUPS}/GetInfo`)],
    ['pages of figures', () => fetch(`http://127.0.0.1:${emulator.port}/stats`).then((answer) => answer.text())],
  ])('does not grow with %s', async (_what, request, warmUps = 1) => {
    for (let round = 0; round < warmUps; round++) await repeat(request);
    const grown: number[] = [];
    let before = bytesOf(await memoryOf(emulator.pid, folder));
    // What grows does so in every round; what is compiled, or not collected yet, does not.
    do {
      await repeat(request);
      const after = bytesOf(await memoryOf(emulator.pid, folder));
      grown.push((after - before) / REPEATS);
      before = after;
    } while (grown.length < ROUNDS && Math.min(...grown) >= NOTHING_BYTES);
    expect(Math.min(...grown), grown.join(', ')).toBeLessThan(NOTHING_BYTES);
  });
});
