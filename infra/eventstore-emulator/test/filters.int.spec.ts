import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type EventStoreDBClient, eventTypeFilter, jsonEvent, streamNameFilter } from '@eventstore/db-client';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EmulatorProcess } from './emulator-process.ts';
import { RawClient, STREAMS, wireMessage } from './wire.ts';

let emulator: EmulatorProcess;
let client: EventStoreDBClient;
let raw: RawClient;

beforeAll(async () => {
  emulator = await EmulatorProcess.start();
  client = emulator.client();
  raw = new RawClient(emulator.port);
});
afterAll(async () => {
  raw.close();
  await emulator.remove();
});

const CATASTROPHE = '^(a+)+$';
const append = (stream: string, type: string) =>
  client.appendToStream(stream, jsonEvent({ type, data: {} }), { expectedRevision: 'no_stream' });
const bait = () => append(`${'a'.repeat(60)}!${randomUUID()}`, `${'a'.repeat(60)}!`);

describe('A pattern that backtracks for ever', () => {
  it.each([
    ['types', eventTypeFilter({ regex: CATASTROPHE })],
    ['streams', streamNameFilter({ regex: CATASTROPHE })],
  ])("of %s ends its subscription while it catches up, and nobody else's call", async (_title, filter) => {
    await bait();
    const subscription = client.subscribeToAll({ filter });
    const [failure] = (await once(subscription, 'error')) as [Error];
    expect(failure).toMatchObject({ code: status.INVALID_ARGUMENT });
    await append(`thing-${randomUUID()}`, 'Happened');
  });

  it('ends its subscription when it is live', async () => {
    const subscription = client.subscribeToAll({ fromPosition: 'end', filter: eventTypeFilter({ regex: CATASTROPHE }) });
    await once(subscription, 'caughtUp');
    const failed = once(subscription, 'error');
    await bait();
    expect(await failed).toMatchObject([{ code: status.INVALID_ARGUMENT }]);
  });

  it('ends its read', async () => {
    await bait();
    const filter = { streamIdentifier: { regex: CATASTROPHE }, count: {} };
    const request = wireMessage('streams.ReadReq').encode({
      options: { all: { start: {} }, count: 100, filter, uuidOption: { string: {} } },
    });
    await expect(Array.fromAsync(raw.serverStream(`${STREAMS}/Read`, request))).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
  });
});

it('What is no pattern is told with the pattern', async () => {
  const subscription = client.subscribeToAll({ filter: streamNameFilter({ regex: '(' }) });
  expect(await once(subscription, 'error')).toMatchObject([
    { code: status.UNKNOWN, message: expect.stringContaining("can't be understood: (") as string },
  ]);
});
