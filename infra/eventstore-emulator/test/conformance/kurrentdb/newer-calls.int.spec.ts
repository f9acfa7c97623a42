import { randomUUID } from 'node:crypto';
import { KurrentDBClient, UnsupportedError, eventTypeFilter, jsonEvent, streamNameFilter } from '@kurrent/kurrentdb-client';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { ServerUnderTest } from '../../server-under-test.ts';

// Before the imports, whoever runs this: EventStoreDB's client can't be in the same process.
vi.hoisted(() => {
  process.env['EVENTSTORE_CLIENT'] = 'kurrentdb';
});

const server = await ServerUnderTest.start();
const client = KurrentDBClient.connectionString(server.url.replace(/^esdb/, 'kurrentdb'));
afterAll(() => client.dispose());

const anEvent = (type = 'Happened') => jsonEvent({ type, data: {} });

describe("KurrentDB's client", () => {
  it('reads all through a filter, in its own connection', async () => {
    const c = randomUUID().replaceAll('-', '');
    await client.appendToStream(`${c}-1`, [anEvent(`${c}A`), anEvent(`${c}B`)], { streamState: 'no_stream' });
    await client.appendToStream(`other-${c}`, anEvent(`${c}A`), { streamState: 'no_stream' });
    const found = async (filter: Parameters<typeof client.readAll>[0]) =>
      (await Array.fromAsync(client.readAll(filter))).map(({ event }) => [event!.streamId, event!.type]);
    expect(await found({ filter: streamNameFilter({ prefixes: [`${c}-`] }) })).toEqual([
      [`${c}-1`, `${c}A`],
      [`${c}-1`, `${c}B`],
    ]);
    expect(await found({ filter: eventTypeFilter({ regex: `^${c}A$` }) })).toEqual([
      [`${c}-1`, `${c}A`],
      [`other-${c}`, `${c}A`],
    ]);
  });

  it('takes appends to several streams for unsupported, as they are of a server that does not list them', async () => {
    const streamName = `thing-${randomUUID()}`;
    const appended = client.multiStreamAppend([{ streamName, expectedState: 'no_stream', events: [anEvent()] }]);
    await expect(appended).rejects.toBeInstanceOf(UnsupportedError);
    await expect(Array.fromAsync(client.readStream(streamName))).rejects.toMatchObject({ type: 'stream-not-found' });
  });
});
