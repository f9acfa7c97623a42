import { randomUUID } from 'node:crypto';
import { type EventStoreDBClient, MaxAppendSizeExceededError, binaryEvent, jsonEvent } from '@eventstore/db-client';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { EmulatorProcess, read } from './emulator-process.ts';
import { RawClient, STREAMS, wireMessage } from './wire.ts';

let emulator: EmulatorProcess;
let client: EventStoreDBClient;
let raw: RawClient;

beforeAll(async () => {
  emulator = await EmulatorProcess.start({ args: ['--max-append-size', '3000', '--max-append-event-size', '1000'] });
  client = emulator.client();
  raw = new RawClient(emulator.port);
});
afterAll(async () => {
  raw.close();
  await emulator.remove();
});

const [AppendReq, BatchAppendReq, BatchAppendResp] = ['AppendReq', 'BatchAppendReq', 'BatchAppendResp'].map((name) =>
  wireMessage(`streams.${name}`),
) as [ReturnType<typeof wireMessage>, ReturnType<typeof wireMessage>, ReturnType<typeof wireMessage>];
const fresh = (): string => `thing-${randomUUID()}`;
const named = (stream: string) => ({ streamName: Buffer.from(stream) });

/** Data, metadata and two bytes for each character of the type. */
const eventOf = (bytes: number, id: string = randomUUID()) => ({
  id: { string: id },
  metadata: { type: 'Big', 'content-type': 'application/octet-stream' },
  customMetadata: Buffer.alloc(100),
  data: Buffer.alloc(bytes - 106),
});

async function append(stream: string, ...events: readonly object[]): Promise<Buffer> {
  const { call, answer } = raw.clientStream(`${STREAMS}/Append`);
  call.write(AppendReq.encode({ options: { streamIdentifier: named(stream), any: {} } }));
  for (const proposedMessage of events) call.write(AppendReq.encode({ proposedMessage }));
  call.end();
  return answer;
}

async function batchAppend(stream: string, ...proposedMessages: readonly object[]): Promise<Readonly<Record<string, unknown>>> {
  const call = raw.duplex(`${STREAMS}/BatchAppend`);
  call.end(
    BatchAppendReq.encode({
      correlationId: { string: randomUUID() },
      options: { streamIdentifier: named(stream), any: {} },
      proposedMessages,
      isFinal: true,
    }),
  );
  const answers = (await Array.fromAsync(call)) as Buffer[];
  expect(answers).toHaveLength(1);
  return BatchAppendResp.decode(answers[0]!);
}

describe('An event', () => {
  it('may be as large as the option says', async () => {
    await append(fresh(), eventOf(1000));
    expect(await batchAppend(fresh(), eventOf(1000))).toHaveProperty('success');
  });

  it('that is larger fails its append with the id and both sizes', async () => {
    const [stream, id] = [fresh(), randomUUID()];
    const fault = (await append(stream, eventOf(200), eventOf(1001, id)).catch((cause: unknown) => cause)) as {
      metadata: { getMap(): object };
    };
    expect(fault).toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: `Event with Id: ${id}, Size: 1001, exceeds Maximum Append Event Size of 1000.`,
    });
    expect(fault.metadata.getMap()).toMatchObject({
      exception: 'maximum-append-event-size-exceeded',
      'maximum-append-event-size': '1000',
      'event-id': id,
      'proposed-append-event-size': '1001',
    });
    await expect(read(client.readStream(stream))).rejects.toMatchObject({ type: 'stream-not-found' });
  });

  it('that is larger fails its batch append in band', async () => {
    const id = randomUUID();
    const { error } = (await batchAppend(fresh(), eventOf(1001, id))) as {
      error: { code: number; message: string; details: { typeUrl: string; value: Buffer } };
    };
    expect(error).toMatchObject({
      code: status.INVALID_ARGUMENT,
      message: 'MaximumAppendEventSizeExceeded',
      details: { typeUrl: 'type.googleapis.com/event_store.client.MaximumAppendEventSizeExceeded' },
    });
    expect(wireMessage('MaximumAppendEventSizeExceeded').decode(error.details.value)).toEqual({
      eventId: id,
      proposedEventSize: 1001,
      maxAppendEventSize: 1000,
    });
  });
});

it('A message may be as large as an event that the real log takes', async () => {
  const large = await EmulatorProcess.start({ args: ['--max-append-size', '17000000'] });
  onTestFinished(() => large.remove());
  const [whole, stream] = [large.client(), fresh()];
  const event = binaryEvent({ type: 'Big', data: Buffer.alloc(16_000_000) });
  await whole.appendToStream(stream, event, { expectedRevision: 'no_stream' });
  expect((await read(whole.readStream(stream)))[0]!.data).toHaveLength(16_000_000);
});

describe('An append', () => {
  it('may be as large as the option says', async () => {
    await append(fresh(), eventOf(1000), eventOf(1000), eventOf(1000));
  });

  it.each([
    ['BatchAppend', {}],
    ['Append', { credentials: { username: 'a', password: 'b' } }],
  ])('that is larger is refused with the limit by %s', async (_path, options) => {
    const events = Array.from({ length: 4 }, () => jsonEvent({ type: 'Big', data: 'x'.repeat(900) }));
    const appended = client.appendToStream(fresh(), events, { expectedRevision: 'no_stream', ...options });
    await expect(appended).rejects.toMatchObject({ constructor: MaxAppendSizeExceededError, maxAppendSize: 3000 });
  });
});
