import { randomUUID } from 'node:crypto';
import type { PersistentSubscriptionToStreamSettings } from '@eventstore/db-client';
import { describe, expect, it } from 'vitest';
import {
  END,
  PersistentSubscriptionDoesNotExistError,
  PersistentSubscriptionDroppedError,
  PersistentSubscriptionMaximumSubscribersReachedError,
  START,
  eventTypeFilter,
  jsonEvent,
  persistentSubscriptionToAllSettingsFromDefaults,
  streamNameFilter,
} from '../client-under-test.ts';
import { add, eventually, fresh, range, settings, watch, watchAndAck } from '../group-client.ts';
import { ServerUnderTest } from '../server-under-test.ts';

const server = await ServerUnderTest.start();
const client = server.client();

const ANYWHERE = 'any';

/** A stream with so many events and a group of it. */
async function groupOf(count: number, changes: Partial<PersistentSubscriptionToStreamSettings> = {}): Promise<string> {
  const stream = fresh();
  if (count > 0) await add(client, stream, count);
  await client.createPersistentSubscriptionToStream(stream, 'group', settings(changes));
  return stream;
}
const connect = (stream: string, bufferSize = 10) => client.subscribeToPersistentSubscriptionToStream(stream, 'group', { bufferSize });
const info = (stream: string) => client.getPersistentSubscriptionToStreamInfo(stream, 'group');

describe('A group of a stream', () => {
  it.each<[string, PersistentSubscriptionToStreamSettings['startFrom'], number[]]>([
    ['the start', START, [0, 1, 2, 3, 4]],
    ['a revision, that one included', 2n, [2, 3, 4]],
    ['the end', END, [3, 4]],
    ['beyond the end', 4n, [4]],
  ])('gives everything from %s on, and what is new', async (_title, startFrom, expected) => {
    const stream = await groupOf(3, { startFrom });
    const { revisions, subscription } = await watchAndAck(connect(stream));
    await add(client, stream, 2);
    await eventually(() => expect(revisions()).toEqual(expected));
    await subscription.unsubscribe();
  });

  it('waits for a stream that does not exist yet', async () => {
    const stream = await groupOf(0);
    const { revisions, subscription } = await watchAndAck(connect(stream));
    await add(client, stream, 2);
    await eventually(() => expect(revisions()).toEqual([0, 1]));
    await subscription.unsubscribe();
  });

  it('confirms with stream and group and sends events as they are', async () => {
    const stream = await groupOf(0);
    const event = jsonEvent({ type: 'Happened', data: { a: 1 }, metadata: { b: 2 } });
    await client.appendToStream(stream, event, { expectedRevision: ANYWHERE });
    const { seen, subscription } = await watchAndAck(connect(stream));
    await eventually(() => expect(seen).toHaveLength(1));
    const [stored] = await Array.fromAsync(client.readStream(stream));
    expect(subscription.id).toBe(`${stream}::group`);
    expect(seen[0]).toMatchObject({ retryCount: 0, event: { id: event.id, type: 'Happened', data: { a: 1 }, metadata: { b: 2 } } });
    // Reads of one of the clients give the time in whole seconds.
    expect({ ...seen[0]!.event, created: null }).toEqual({ ...stored!.event, created: null });
    await subscription.unsubscribe();
  });

  it('gives what is written while it is live, also what the stream forgets at once', async () => {
    const stream = await groupOf(1);
    await client.setStreamMetadata(stream, { maxCount: 1 });
    const { revisions, subscription } = await watchAndAck(connect(stream));
    await eventually(() => expect(revisions()).toEqual([0]));
    await add(client, stream, 5);
    await eventually(() => expect(revisions()).toEqual(range(0, 6)));
    await subscription.unsubscribe();
  });

  it('that was ended for ever drops whoever connects', async () => {
    const stream = fresh();
    await add(client, stream, 1);
    await client.tombstoneStream(stream);
    await client.createPersistentSubscriptionToStream(stream, 'group', settings());
    const { failure, seen } = await watch(connect(stream));
    expect(await failure).toBeInstanceOf(PersistentSubscriptionDroppedError);
    expect(seen).toEqual([]);
  });

  it('has no more in flight with a client than it wants, and goes on with each ack', async () => {
    const stream = await groupOf(7);
    const { seen, revisions, subscription } = await watch(connect(stream, 3));
    await eventually(() => expect(revisions()).toEqual([0, 1, 2]));
    expect((await info(stream)).connections).toMatchObject([{ inFlightMessages: 3, availableSlots: 0 }]);
    await subscription.ack(seen[1]!);
    await eventually(() => expect(revisions()).toEqual([0, 1, 2, 3]));
    await subscription.ack(seen[0]!, seen[2]!, seen[3]!);
    await eventually(() => expect(revisions()).toEqual(range(0, 7)));
    await subscription.unsubscribe();
  });

  it('gives more than its buffers hold, in order', async () => {
    const stream = await groupOf(300, { historyBufferSize: 25, readBatchSize: 10, liveBufferSize: 10 });
    const { revisions, subscription } = await watchAndAck(connect(stream, 20));
    await eventually(() => expect(revisions()).toHaveLength(300));
    await add(client, stream, 300);
    await eventually(() => expect(revisions()).toEqual(range(0, 600)));
    await subscription.unsubscribe();
  });

  it('does not give what the stream has forgotten', async () => {
    const stream = fresh();
    await add(client, stream, 5);
    await client.setStreamMetadata(stream, { truncateBefore: 3 });
    await client.createPersistentSubscriptionToStream(stream, 'group', settings());
    const { revisions, subscription } = await watchAndAck(connect(stream));
    await eventually(() => expect(revisions()).toEqual([3, 4]));
    await subscription.unsubscribe();
  });

  it.each([true, false])('resolves links when it is told to (%s)', async (resolveLinkTos) => {
    const [stream, links] = [fresh(), fresh('links')];
    await add(client, stream, 2);
    for (const data of ['1@', '7@']) {
      const link = {
        id: randomUUID(),
        type: '$>',
        contentType: 'application/octet-stream',
        data: Buffer.from(data + stream),
        metadata: undefined,
      } as const;
      await client.appendToStream(links, link, { expectedRevision: ANYWHERE });
    }
    await client.createPersistentSubscriptionToStream(links, 'group', settings({ resolveLinkTos }));
    const { seen, subscription } = await watchAndAck(connect(links));
    await eventually(() => expect(seen).toHaveLength(2));
    if (resolveLinkTos) {
      expect(seen).toMatchObject([
        { link: { streamId: links, revision: 0n }, event: { streamId: stream, revision: 1n } },
        { link: { revision: 1n } },
      ]);
      expect(seen[1]!.event).toBeUndefined();
    } else {
      expect(seen).toMatchObject([{ event: { type: '$>', streamId: links } }, { event: { type: '$>', streamId: links } }]);
      expect(seen[0]!.link).toBeUndefined();
    }
    await eventually(async () => expect((await info(links)).stats.totalInFlightMessages).toBe(0));
    await subscription.unsubscribe();
  });
});

describe('Several clients of one group', () => {
  it('take turns under RoundRobin', async () => {
    const stream = await groupOf(0, { consumerStrategyName: 'RoundRobin' });
    const a = await watchAndAck(connect(stream));
    const b = await watchAndAck(connect(stream));
    await add(client, stream, 10);
    await eventually(() => expect([...a.revisions(), ...b.revisions()].sort((x, y) => x - y)).toEqual(range(0, 10)));
    expect([a.seen.length, b.seen.length]).toEqual([5, 5]);
    await Promise.all([a, b].map(({ subscription }) => subscription.unsubscribe()));
  });

  it('wait under DispatchToSingle until the first is full', async () => {
    const stream = await groupOf(0, { consumerStrategyName: 'DispatchToSingle' });
    const a = await watch(connect(stream, 4));
    const b = await watch(connect(stream, 4));
    await add(client, stream, 6);
    await eventually(() =>
      expect([a.revisions(), b.revisions()]).toEqual([
        [0, 1, 2, 3],
        [4, 5],
      ]),
    );
    await Promise.all([a, b].map(({ subscription }) => subscription.unsubscribe()));
  });

  it('have the events of one source stream each under Pinned', async () => {
    const links = fresh('links');
    const sources = Array.from({ length: 12 }, () => fresh());
    for (const source of sources) {
      await add(client, source, 3);
      const data = [0, 1, 2].map(
        (revision) =>
          ({
            id: randomUUID(),
            type: '$>',
            contentType: 'application/octet-stream',
            data: Buffer.from(`${revision}@${source}`),
            metadata: undefined,
          }) as const,
      );
      await client.appendToStream(links, data, { expectedRevision: ANYWHERE });
    }
    await client.createPersistentSubscriptionToStream(
      links,
      'group',
      settings({ consumerStrategyName: 'Pinned', resolveLinkTos: true, startFrom: END }),
    );
    const a = await watchAndAck(connect(links));
    const b = await watchAndAck(connect(links));
    for (const source of sources) {
      const again = [0, 1, 2].map(
        (revision) =>
          ({
            id: randomUUID(),
            type: '$>',
            contentType: 'application/octet-stream',
            data: Buffer.from(`${revision}@${source}`),
            metadata: undefined,
          }) as const,
      );
      await client.appendToStream(links, again, { expectedRevision: ANYWHERE });
    }
    await eventually(() => expect(a.seen.length + b.seen.length).toBe(36));
    const sourcesOf = ({ seen }: typeof a): Set<string> => new Set(seen.map(({ event }) => event!.streamId));
    expect(sourcesOf(a).intersection(sourcesOf(b)).size).toBe(0);
    expect([sourcesOf(a).size, sourcesOf(b).size].every((size) => size > 0)).toBe(true);
    await Promise.all([a, b].map(({ subscription }) => subscription.unsubscribe()));
  });

  it('get what another left un-acked when it went', async () => {
    const stream = await groupOf(4, { consumerStrategyName: 'DispatchToSingle' });
    const a = await watch(connect(stream));
    const b = await watchAndAck(connect(stream));
    await eventually(() => expect(a.revisions()).toEqual([0, 1, 2, 3]));
    await a.subscription.ack(a.seen[1]!);
    await eventually(async () => expect((await info(stream)).stats.totalInFlightMessages).toBe(3));
    await a.subscription.unsubscribe();
    await eventually(() => expect(b.revisions()).toEqual([0, 2, 3]));
    expect(b.seen.map(({ retryCount }) => retryCount)).toEqual([1, 1, 1]);
    await b.subscription.unsubscribe();
  });

  it('are as many as the group wants', async () => {
    const stream = await groupOf(0, { maxSubscriberCount: 1 });
    const first = await watch(connect(stream));
    await expect(watch(connect(stream))).rejects.toThrow(PersistentSubscriptionMaximumSubscribersReachedError);
    await first.subscription.unsubscribe();
    await eventually(async () => (await watch(connect(stream))).subscription.unsubscribe());
  });
});

describe('A group of $all', () => {
  const all = (changes = {}) => persistentSubscriptionToAllSettingsFromDefaults({ startFrom: START, ...changes });

  it('gives what its filter lets through, old and new', async () => {
    const category = `c${randomUUID().replaceAll('-', '')}`;
    const group = fresh('group');
    await add(client, fresh(category), 2);
    await client.createPersistentSubscriptionToAll(group, all(), { filter: streamNameFilter({ prefixes: [`${category}-`] }) });
    const { seen, subscription } = await watchAndAck(client.subscribeToPersistentSubscriptionToAll(group));
    await add(client, fresh(category), 1);
    await add(client, fresh(), 1);
    await add(client, fresh(category), 1);
    await eventually(() => expect(seen).toHaveLength(4));
    expect(seen.every(({ event }) => event!.streamId.startsWith(category))).toBe(true);
    await subscription.unsubscribe();
    await client.deletePersistentSubscriptionToAll(group);
  });

  it('from the end is given what records that it was created, and that it was updated', async () => {
    const group = fresh('group');
    const connectAndAck = () => watchAndAck(client.subscribeToPersistentSubscriptionToAll(group));
    const isRecorded = (maxRetryCount: number) => expect.arrayContaining([expect.objectContaining({ group, maxRetryCount })]) as unknown[];
    await client.createPersistentSubscriptionToAll(group, all({ startFrom: END, maxRetryCount: 3 }), {
      filter: eventTypeFilter({ prefixes: ['$PersistentConfig'] }),
    });
    const created = await connectAndAck();
    await eventually(() => expect(created.seen).toMatchObject([{ event: { data: { entries: isRecorded(3) } } }]));
    await client.updatePersistentSubscriptionToAll(group, all({ startFrom: END, maxRetryCount: 4 }));
    const updated = await connectAndAck();
    await eventually(() => expect(updated.seen).toMatchObject([{ event: { data: { entries: isRecorded(4) } } }]));
    await updated.subscription.unsubscribe();
    await client.deletePersistentSubscriptionToAll(group);
  });

  it('starts at a position, that one included', async () => {
    const type = `T${randomUUID()}`;
    const group = fresh('group');
    const stream = fresh();
    await add(client, stream, 3, type);
    const [, second] = await Array.fromAsync(client.readStream(stream));
    await client.createPersistentSubscriptionToAll(group, all({ startFrom: second!.event!.position }), {
      filter: eventTypeFilter({ regex: `^${type}$` }),
    });
    const { revisions, subscription } = await watchAndAck(client.subscribeToPersistentSubscriptionToAll(group));
    await eventually(() => expect(revisions()).toEqual([1, 2]));
    await subscription.unsubscribe();
    await client.deletePersistentSubscriptionToAll(group);
  });

  it('moves its checkpoint over what its filter keeps back', async () => {
    const group = fresh('group');
    await client.createPersistentSubscriptionToAll(group, all({ startFrom: END, checkPointLowerBound: 1, checkPointUpperBound: 5 }), {
      filter: streamNameFilter({ prefixes: [fresh('none')] }),
    });
    const stream = fresh();
    await add(client, stream, 5);
    const [last] = await Array.fromAsync(client.readStream(stream, { direction: 'backwards', fromRevision: END, maxCount: 1 }));
    await eventually(async () => {
      const { lastCheckpointedEventPosition } = (await client.getPersistentSubscriptionToAllInfo(group)).stats;
      expect(lastCheckpointedEventPosition!.commit).toBeGreaterThanOrEqual(last!.event!.position!.commit);
    });
    await client.deletePersistentSubscriptionToAll(group);
  });

  it('never sees its own checkpoints', async () => {
    const group = fresh('group');
    await client.createPersistentSubscriptionToAll(group, all({ startFrom: END, checkPointLowerBound: 1, checkPointUpperBound: 1 }));
    const { seen, subscription } = await watchAndAck(client.subscribeToPersistentSubscriptionToAll(group));
    const stream = fresh();
    await add(client, stream, 3);
    await eventually(async () => {
      const { stats } = await client.getPersistentSubscriptionToAllInfo(group);
      expect(stats.lastCheckpointedEventPosition).toEqual(seen.at(-1)!.event!.position);
    });
    expect(seen.some(({ event }) => /^\$persistentsubscription-\$all::.*-checkpoint$/.test(event!.streamId))).toBe(false);
    await subscription.unsubscribe();
    await client.deletePersistentSubscriptionToAll(group);
  });
});

describe('A connected client', () => {
  it('is told when there is no such group', async () => {
    const failure = watch(connect(fresh()));
    await expect(failure).rejects.toThrow(PersistentSubscriptionDoesNotExistError);
  });

  it.each<[string, (stream: string) => Promise<void>]>([
    ['deleted', (stream) => client.deletePersistentSubscriptionToStream(stream, 'group')],
    ['updated', (stream) => client.updatePersistentSubscriptionToStream(stream, 'group', settings({ maxRetryCount: 3 }))],
  ])('is dropped when its group is %s', async (_title, change) => {
    const stream = await groupOf(1);
    const { failure } = await watch(connect(stream));
    await change(stream);
    const cause = await failure;
    expect(cause).toBeInstanceOf(PersistentSubscriptionDroppedError);
    expect(cause).toMatchObject({ streamName: stream, groupName: 'group' });
  });
});
