import { randomUUID } from 'node:crypto';
import type { ResolvedEvent } from '@eventstore/db-client';
import { afterAll, describe, expect, it } from 'vitest';
import { NotFoundError, jsonEvent } from '../client-under-test.ts';
import { add, eventually, fresh, settings } from '../group-client.ts';
import { ServerUnderTest } from '../server-under-test.ts';

const ANYWHERE = 'any';
const STANDARD = ['$by_category', '$by_event_type', '$by_correlation_id', '$stream_by_category', '$streams'];

const server = await ServerUnderTest.start(['--run-projections', 'All']);
const client = server.client();
await Promise.all(STANDARD.map((name) => client.enableProjection(name)));
afterAll(async () => {
  // What they write would be in the way of the other files on a server that these share.
  await Promise.all(STANDARD.map((name) => client.disableProjection(name)));
});

const category = (): string => `c${randomUUID().replaceAll('-', '')}`;

/** Where the links of a stream lead, in order; what they lead to may have been deleted. */
async function links(stream: string): Promise<string[]> {
  const events: ResolvedEvent[] = await Array.fromAsync(client.readStream(stream, { resolveLinkTos: true })).catch(() => []);
  return events.map(({ event }) => `${event?.revision}@${event?.streamId}`);
}
const textOf = (data: unknown): string => Buffer.from(data as Uint8Array).toString();
async function plain(stream: string): Promise<[type: string, data: string][]> {
  const events: ResolvedEvent[] = await Array.fromAsync(client.readStream(stream)).catch(() => []);
  return events.map(({ event }) => [event!.type, textOf(event!.data)]);
}
const statusOf = async (name: string) => (await client.getProjectionStatus(name)).projectionStatus;

describe('The system projections', () => {
  it('link what is appended, by category, type and correlation, in the order of $all', async () => {
    const [kind, type, correlation] = [category(), fresh('Type'), randomUUID()];
    const [a, b] = [`${kind}-a`, `${kind}-b`];
    await add(client, a, 2, type);
    await client.appendToStream(b, jsonEvent({ type, data: {}, metadata: { $correlationId: correlation } }), {
      expectedRevision: ANYWHERE,
    });
    await add(client, a, 1, type);
    const expected = [`0@${a}`, `1@${a}`, `0@${b}`, `2@${a}`];
    await eventually(async () => expect(await links(`$ce-${kind}`)).toEqual(expected));
    await eventually(async () => expect(await links(`$et-${type}`)).toEqual(expected));
    await eventually(async () => expect(await links(`$bc-${correlation}`)).toEqual([`0@${b}`]));
    await eventually(async () =>
      expect(await plain(`$category-${kind}`)).toEqual([
        ['$@', a],
        ['$@', b],
      ]),
    );
    await eventually(async () => expect(await links('$streams')).toEqual(expect.arrayContaining([`0@${a}`, `0@${b}`])));
  });

  it('write links that are no JSON and say revision and stream', async () => {
    const kind = category();
    await add(client, `${kind}-a`, 1);
    await eventually(async () => expect(await plain(`$ce-${kind}`)).toEqual([['$>', `0@${kind}-a`]]));
    const [link] = await Array.fromAsync(client.readStream(`$ce-${kind}`));
    expect(link!.event!.isJson).toBe(false);
  });

  it('take for the category what comes before the first hyphen, and none of system streams or of names without one', async () => {
    const [kind, type] = [category(), fresh('Type')];
    const streams = [`${kind}-a-b`, `$${kind}-a`, kind];
    for (const stream of streams) await add(client, stream, 1, type);
    await eventually(async () => expect(await links(`$et-${type}`)).toEqual(streams.map((stream) => `0@${stream}`)));
    await eventually(async () => expect(await links(`$ce-${kind}`)).toEqual([`0@${kind}-a-b`]));
    for (const none of [`$ce-$${kind}`, `$ce-${kind}-a`]) expect(await links(none)).toEqual([]);
  });

  it('write events of their own into $all, and link no link by its type', async () => {
    const [kind, type] = [category(), fresh('Type')];
    await add(client, `${kind}-a`, 1, type);
    await eventually(async () => expect(await links(`$et-${type}`)).toHaveLength(1));
    await eventually(async () => expect(await links(`$ce-${kind}`)).toHaveLength(1));
    const inAll = (await Array.fromAsync(client.readAll())).map(({ event }) => event!.streamId);
    expect(inAll).toEqual(expect.arrayContaining([`$et-${type}`, `$ce-${kind}`]));
    expect(await plain('$et-$>')).toEqual([]);
  });

  it('link metadata and deletions by type, and deletions by category', async () => {
    const kind = category();
    const stream = `${kind}-a`;
    await add(client, stream, 1);
    await client.setStreamMetadata(stream, { owner: 'me' });
    await client.deleteStream(stream);
    await eventually(async () => expect((await plain('$et-$metadata')).map(([, data]) => data)).toContain(`0@${stream}`));
    await eventually(async () => expect((await plain('$et-$deleted')).map(([, data]) => data)).toContain(`1@${stream}`));
    await eventually(async () =>
      expect(await plain(`$ce-${kind}`)).toEqual([
        ['$>', `0@${stream}`],
        ['$>', `1@$$${stream}`],
      ]),
    );
  });

  it('keep the time of the event with a link by correlation', async () => {
    const [stream, correlation] = [fresh(), randomUUID()];
    await client.appendToStream(stream, jsonEvent({ type: 'Happened', data: {}, metadata: { $correlationId: correlation } }), {
      expectedRevision: ANYWHERE,
    });
    await eventually(async () => expect(await links(`$bc-${correlation}`)).toEqual([`0@${stream}`]));
    const [link] = await Array.fromAsync(client.readStream(`$bc-${correlation}`));
    expect(link!.event!.metadata).toMatchObject({ $eventTimestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string });
  });

  it('feed a group that resolves links', async () => {
    const kind = category();
    await add(client, `${kind}-a`, 3);
    await client.createPersistentSubscriptionToStream(`$ce-${kind}`, 'group', settings({ resolveLinkTos: true }));
    const seen: bigint[] = [];
    const subscription = client.subscribeToPersistentSubscriptionToStream(`$ce-${kind}`, 'group');
    subscription.on('data', ({ event }) => seen.push(event!.revision));
    await eventually(() => expect(seen).toEqual([0n, 1n, 2n]));
    await subscription.unsubscribe();
  });

  it('stop, say so, and catch up when they are enabled again', async () => {
    const kind = category();
    expect(await statusOf('$by_category')).toBe('Running');
    await client.disableProjection('$by_category');
    await eventually(async () => expect(await statusOf('$by_category')).toBe('Stopped'));
    await add(client, `${kind}-a`, 2);
    await eventually(async () => expect(await links('$streams')).toContain(`0@${kind}-a`));
    expect(await links(`$ce-${kind}`)).toEqual([]);
    await client.enableProjection('$by_category');
    await eventually(async () => expect(await links(`$ce-${kind}`)).toEqual([`0@${kind}-a`, `1@${kind}-a`]));
    await eventually(async () => expect(await statusOf('$by_category')).toBe('Running'));
  });

  it('are listed, and none that is not there is found', async () => {
    const all = await client.listProjections();
    expect(all.map(({ name }) => name)).toEqual(expect.arrayContaining(STANDARD));
    for (const call of [client.enableProjection('none'), client.disableProjection('none'), client.getProjectionStatus('none')]) {
      await expect(call).rejects.toBeInstanceOf(NotFoundError);
    }
  });
});
