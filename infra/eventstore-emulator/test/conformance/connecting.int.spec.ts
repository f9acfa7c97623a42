import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { StreamDeletedError, jsonEvent } from '../client-under-test.ts';
import { read } from '../emulator-process.ts';
import { ServerUnderTest } from '../server-under-test.ts';

const server = await ServerUnderTest.start();

const anEvent = () => jsonEvent({ type: 'Happened', data: {} });
const fresh = (): string => `thing-${randomUUID()}`;

describe('A client', () => {
  it.each([
    ['that discovers its server', (host: string) => `esdb+discover://${host}`],
    ['that is told of several nodes', (host: string) => `esdb://${host},${host}`],
    ['that is told of a node that is not there too', (host: string) => `esdb://${host},127.0.0.1:1`],
  ])('%s is led to a leader that it can reach', async (_title, urlOf) => {
    const client = server.clientOf(`${urlOf(`${server.host}:${server.port}`)}?tls=false`);
    const stream = fresh();
    await client.appendToStream(stream, anEvent(), { expectedRevision: 'no_stream' });
    expect(await read(client.readStream(stream))).toHaveLength(1);
  });

  it('without TLS needs no credentials, and those that it has are ignored', async () => {
    const client = server.clientOf(`esdb://nobody:wrong@${server.host}:${server.port}?tls=false`);
    const stream = fresh();
    const credentials = { username: 'nobody', password: 'wrong' };
    await client.appendToStream(stream, anEvent(), { expectedRevision: 'no_stream', credentials });
    expect(await read(client.readStream(stream))).toHaveLength(1);
  });

  it.each([true, false])('that asks for a leader (%s) is served by the only node there is', async (requiresLeader) => {
    const client = server.client();
    const stream = fresh();
    await client.appendToStream(stream, anEvent(), { expectedRevision: 'no_stream', requiresLeader });
    expect(await read(client.readStream(stream, { requiresLeader }))).toHaveLength(1);
    await client.deleteStream(stream, { requiresLeader });
  });
});

describe('A client that does not throw when an append is refused', () => {
  it.each([
    ['BatchAppend', {}],
    ['Append', { credentials: { username: 'admin', password: 'changeit' } }],
  ])('is answered that it was, by %s', async (_path, options) => {
    const client = server.client('&throwOnAppendFailure=false');
    const stream = fresh();
    await client.appendToStream(stream, [anEvent(), anEvent(), anEvent()], { expectedRevision: 'no_stream', ...options });
    const refused = await client.appendToStream(stream, anEvent(), { expectedRevision: 0n, ...options });
    expect(refused.success).toBe(false);
    expect(await read(client.readStream(stream))).toHaveLength(3);
  });

  it.each([
    ['BatchAppend', {}],
    ['Append', { credentials: { username: 'admin', password: 'changeit' } }],
  ])('still throws what is no wrong revision, by %s', async (_path, options) => {
    const client = server.client('&throwOnAppendFailure=false');
    const stream = fresh();
    await client.tombstoneStream(stream, { expectedRevision: 'no_stream' });
    await expect(client.appendToStream(stream, anEvent(), { expectedRevision: 'no_stream', ...options })).rejects.toBeInstanceOf(
      StreamDeletedError,
    );
  });
});
