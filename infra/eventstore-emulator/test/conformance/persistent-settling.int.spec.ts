import type { PersistentSubscriptionToStreamSettings } from '@eventstore/db-client';
import { describe, expect, it } from 'vitest';
import { PersistentSubscriptionDoesNotExistError, PersistentSubscriptionFailedError } from '../client-under-test.ts';
import { type Watched, add, eventually, fresh, range, settings, watch, watchAndAck } from '../group-client.ts';
import { ServerUnderTest } from '../server-under-test.ts';

const server = await ServerUnderTest.start();
const client = server.client();

async function groupOf(count: number, changes: Partial<PersistentSubscriptionToStreamSettings> = {}): Promise<string> {
  const stream = fresh();
  await add(client, stream, count);
  await client.createPersistentSubscriptionToStream(stream, 'group', settings(changes));
  return stream;
}
const connect = (stream: string) => client.subscribeToPersistentSubscriptionToStream(stream, 'group', { bufferSize: 10 });
const info = (stream: string) => client.getPersistentSubscriptionToStreamInfo(stream, 'group');
const parkedStream = (stream: string): string => `$persistentsubscription-${stream}::group-parked`;
const checkpointStream = (stream: string): string => `$persistentsubscription-${stream}::group-checkpoint`;
const parkedCount = async (stream: string): Promise<number> => Number((await info(stream)).stats.parkedMessageCount);
const retries = ({ seen }: Watched): [number, number][] =>
  seen.map(({ event, link, retryCount }) => [Number((link ?? event)!.revision), retryCount]);

/** Parks so many events at once. */
async function parkAll(stream: string, count: number): Promise<void> {
  const { subscription, seen } = await watch(connect(stream), (event, from) => from.nack('park', 'poisoned', event));
  await eventually(async () => expect(await parkedCount(stream)).toBe(count));
  expect(seen).toHaveLength(count);
  await subscription.unsubscribe();
}

describe('A nack', () => {
  it('to park puts a link into the parked stream and the event out of the way', async () => {
    const stream = await groupOf(3);
    const watched = await watch(connect(stream), (event, from) =>
      event.event!.revision === 1n ? from.nack('park', 'can not cope', event) : from.ack(event),
    );
    await eventually(async () => expect(await parkedCount(stream)).toBe(1));
    const [parked] = await Array.fromAsync(client.readStream(parkedStream(stream), { resolveLinkTos: true }));
    expect(parked).toMatchObject({ event: { streamId: stream, revision: 1n }, link: { type: '$>', revision: 0n } });
    expect(parked!.link!.metadata).toEqual({
      added: expect.any(String),
      reason: "Client explicitly NAK'ed message.\ncan not cope",
      subscriptionEventNumber: 1,
    });
    expect(retries(watched)).toEqual([
      [0, 0],
      [1, 0],
      [2, 0],
    ]);
    expect((await info(stream)).stats).toMatchObject({ totalInFlightMessages: 0, outstandingMessagesCount: 0 });
    await watched.subscription.unsubscribe();
  });

  it('to retry sends the event again, and the count of its retries', async () => {
    const stream = await groupOf(2);
    const watched = await watch(connect(stream), (event, from) =>
      event.event!.revision === 0n && event.retryCount < 2 ? from.nack('retry', 'later', event) : from.ack(event),
    );
    await eventually(() =>
      expect(retries(watched).filter(([revision]) => revision === 0)).toEqual([
        [0, 0],
        [0, 1],
        [0, 2],
      ]),
    );
    await eventually(async () => expect((await info(stream)).stats.totalInFlightMessages).toBe(0));
    expect(await parkedCount(stream)).toBe(0);
    await watched.subscription.unsubscribe();
  });

  it('to retry sends the event before those that were not sent yet', async () => {
    const stream = await groupOf(3);
    const single = client.subscribeToPersistentSubscriptionToStream(stream, 'group', { bufferSize: 1 });
    const watched = await watch(single, (event, from) =>
      event.retryCount === 0 && event.event!.revision === 0n ? from.nack('retry', 'again', event) : from.ack(event),
    );
    await eventually(() =>
      expect(retries(watched)).toEqual([
        [0, 0],
        [0, 1],
        [1, 0],
        [2, 0],
      ]),
    );
    await watched.subscription.unsubscribe();
  });

  it('to retry parks the event when it was retried often enough', async () => {
    const stream = await groupOf(1, { maxRetryCount: 2 });
    const watched = await watch(connect(stream), (event, from) => from.nack('retry', 'never', event));
    await eventually(async () => expect(await parkedCount(stream)).toBe(1));
    expect(retries(watched)).toEqual([
      [0, 0],
      [0, 1],
      [0, 2],
    ]);
    const [parked] = await Array.fromAsync(client.readStream(parkedStream(stream)));
    expect(parked!.event!.metadata).toEqual({ added: expect.any(String), reason: 'Reached retry count of 2' });
    await watched.subscription.unsubscribe();
  });

  it.each(['skip', 'stop'] as const)('to %s is an ack', async (action) => {
    const stream = await groupOf(12, { checkPointLowerBound: 1, checkPointUpperBound: 12 });
    const watched = await watch(connect(stream), (event, from) => from.nack(action, 'no', event));
    await eventually(async () => expect((await info(stream)).stats.lastCheckpointedEventRevision).toBe(11n));
    expect(retries(watched)).toEqual(range(0, 12).map((revision) => [revision, 0]));
    expect(await parkedCount(stream)).toBe(0);
    await watched.subscription.unsubscribe();
  });

  it('of an event that nobody has is nothing', async () => {
    const stream = await groupOf(1);
    const { seen, subscription } = await watchAndAck(connect(stream));
    await eventually(() => expect(seen).toHaveLength(1));
    await subscription.nack('park', 'too late', seen[0]!);
    await add(client, stream, 1);
    await eventually(() => expect(seen).toHaveLength(2));
    expect(await parkedCount(stream)).toBe(0);
    await subscription.unsubscribe();
  });
});

describe('What a client says in one breath', () => {
  it.each<[string, (said: Watched) => Promise<unknown>, [number, number][]]>([
    [
      'an ack, then a nack',
      ({ seen, subscription }) => Promise.all([subscription.ack(seen[0]!), subscription.nack('retry', 'again', seen[1]!)]),
      [
        [2, 0],
        [1, 1],
      ],
    ],
    [
      'a nack, then an ack',
      ({ seen, subscription }) => Promise.all([subscription.nack('retry', 'again', seen[1]!), subscription.ack(seen[0]!)]),
      [
        [1, 1],
        [2, 0],
      ],
    ],
  ])('is acted on one by one, and events go out in between: %s', async (_title, say, next) => {
    const stream = await groupOf(3);
    const watched = await watch(client.subscribeToPersistentSubscriptionToStream(stream, 'group', { bufferSize: 2 }));
    await eventually(() => expect(watched.seen).toHaveLength(2));
    await say(watched);
    await eventually(() => expect(retries(watched)).toEqual([[0, 0], [1, 0], ...next]));
    await watched.subscription.unsubscribe();
  });
});

describe('An event that a client keeps for too long', () => {
  it('goes to another, is parked at last, and frees the place it took', async () => {
    const stream = await groupOf(1, { messageTimeout: 200, maxRetryCount: 1 });
    const watched = await watch(connect(stream));
    await eventually(async () => expect(await parkedCount(stream)).toBe(1));
    expect(retries(watched)).toEqual([
      [0, 0],
      [0, 1],
    ]);
    expect((await info(stream)).connections).toMatchObject([{ inFlightMessages: 0, availableSlots: 10 }]);
    await watched.subscription.unsubscribe();
  });
});

describe('Parked events', () => {
  it('go out again by their links when they are replayed, and are parked no more', async () => {
    const stream = await groupOf(3);
    await parkAll(stream, 3);
    const { seen, subscription } = await watchAndAck(connect(stream));
    await client.replayParkedMessagesToStream(stream, 'group');
    await eventually(() => expect(seen.map(({ event }) => event!.revision)).toEqual([0n, 1n, 2n]));
    expect(seen.every(({ link, retryCount }) => link!.streamId === parkedStream(stream) && retryCount === 0)).toBe(true);
    await eventually(async () =>
      expect((await client.getStreamMetadata(parkedStream(stream))).metadata).toMatchObject({ truncateBefore: 3 }),
    );
    expect(await parkedCount(stream)).toBe(0);
    await client.replayParkedMessagesToStream(stream, 'group');
    await add(client, stream, 1);
    await eventually(() => expect(seen).toHaveLength(4));
    await subscription.unsubscribe();
  });

  it('are replayed up to where the caller wants', async () => {
    const stream = await groupOf(3);
    await parkAll(stream, 3);
    const { seen, subscription } = await watchAndAck(connect(stream));
    await client.replayParkedMessagesToStream(stream, 'group', { stopAt: 2 });
    await eventually(() => expect(seen.map(({ event }) => event!.revision)).toEqual([0n, 1n]));
    expect(await parkedCount(stream)).toBe(1);
    await client.replayParkedMessagesToStream(stream, 'group', { stopAt: 99 });
    await eventually(() => expect(seen.map(({ event }) => event!.revision)).toEqual([0n, 1n, 2n]));
    await subscription.unsubscribe();
  });

  it('that fail again are parked again', async () => {
    const stream = await groupOf(2);
    await parkAll(stream, 2);
    const { seen, subscription } = await watch(connect(stream), (event, from) => from.nack('park', 'still', event));
    await client.replayParkedMessagesToStream(stream, 'group');
    await eventually(() => expect(seen).toHaveLength(2));
    await eventually(async () => expect(await parkedCount(stream)).toBe(2));
    const parked = await Array.fromAsync(client.readStream(parkedStream(stream), { resolveLinkTos: true }));
    expect(parked.map(({ event, link }) => [event!.streamId, event!.revision, link!.revision])).toEqual([
      [stream, 0n, 2n],
      [stream, 1n, 3n],
    ]);
    await subscription.unsubscribe();
  });

  it('whose events are gone by now are not replayed, and not parked any more', async () => {
    const stream = await groupOf(3);
    await parkAll(stream, 3);
    await client.setStreamMetadata(stream, { truncateBefore: 2 });
    const { seen, subscription } = await watchAndAck(connect(stream));
    await client.replayParkedMessagesToStream(stream, 'group');
    await eventually(async () =>
      expect((await client.getStreamMetadata(parkedStream(stream))).metadata).toMatchObject({ truncateBefore: 3 }),
    );
    expect(seen.map(({ event }) => event?.revision)).toEqual([2n]);
    await subscription.unsubscribe();
  });

  it('never move the checkpoint when they are replayed', async () => {
    const stream = await groupOf(4, { checkPointLowerBound: 1, checkPointUpperBound: 1 });
    await parkAll(stream, 4);
    await eventually(async () => expect((await info(stream)).stats.lastCheckpointedEventRevision).toBe(3n));
    const { seen, subscription } = await watch(connect(stream));
    await client.replayParkedMessagesToStream(stream, 'group');
    await eventually(() => expect(seen).toHaveLength(4));
    await subscription.ack(...seen);
    await add(client, stream, 1);
    await eventually(() => expect(seen).toHaveLength(5));
    await subscription.ack(seen[4]!);
    await eventually(async () => expect((await info(stream)).stats.lastCheckpointedEventRevision).toBe(4n));
    const checkpoints = await Array.fromAsync(client.readStream(checkpointStream(stream)));
    expect(checkpoints.map(({ event }) => event!.data)).toEqual(['3', '4']);
    await subscription.unsubscribe();
  });

  it('more than the buffer holds are replayed all the same', async () => {
    const stream = await groupOf(60, { historyBufferSize: 10, readBatchSize: 5 });
    await parkAll(stream, 60);
    await client.replayParkedMessagesToStream(stream, 'group');
    await eventually(async () =>
      expect(await info(stream)).toMatchObject({ status: 'ReplayingParkedMessages, Live', stats: { retryBufferCount: 10 } }),
    );
    const { seen, subscription } = await watchAndAck(connect(stream));
    await eventually(() => expect(seen.map(({ event }) => Number(event!.revision))).toEqual(range(0, 60)));
    await subscription.unsubscribe();
  });

  it('are not replayed for a group that does not exist, or to a negative end', async () => {
    await expect(client.replayParkedMessagesToStream(fresh(), 'group')).rejects.toThrow(PersistentSubscriptionDoesNotExistError);
    const stream = await groupOf(1);
    const negative = client.replayParkedMessagesToStream(stream, 'group', { stopAt: -1 });
    await expect(negative).rejects.toBeInstanceOf(PersistentSubscriptionFailedError);
    await expect(negative).rejects.toThrow(
      `Subscription group group on stream ${stream} failed: 'Cannot stop replaying parked message at a negative version.'`,
    );
  });
});

describe('A checkpoint', () => {
  it('stays before what is not settled, however much comes after it', async () => {
    const stream = await groupOf(9, { checkPointLowerBound: 1, checkPointUpperBound: 1 });
    const { seen, subscription } = await watch(connect(stream));
    await eventually(() => expect(seen).toHaveLength(9));
    await subscription.ack(...seen.filter(({ event }) => event!.revision !== 4n));
    await eventually(async () => expect((await info(stream)).stats.lastCheckpointedEventRevision).toBe(3n));
    await subscription.ack(seen[4]!);
    await eventually(async () => expect((await info(stream)).stats.lastCheckpointedEventRevision).toBe(8n));
    await subscription.unsubscribe();
  });

  it('is written as the real server writes it, and only the last two are kept', async () => {
    const stream = await groupOf(3, { checkPointLowerBound: 1, checkPointUpperBound: 1 });
    const { seen, subscription } = await watch(connect(stream));
    await eventually(() => expect(seen).toHaveLength(3));
    for (const event of seen) {
      await subscription.ack(event);
      await eventually(async () => expect((await info(stream)).stats.lastCheckpointedEventRevision).toBe(event.event!.revision));
    }
    const checkpoints = await Array.fromAsync(client.readStream(checkpointStream(stream)));
    expect(checkpoints.map(({ event }) => [event!.type, event!.data])).toEqual([
      ['$SubscriptionCheckpoint', '1'],
      ['$SubscriptionCheckpoint', '2'],
    ]);
    expect((await client.getStreamMetadata(checkpointStream(stream))).metadata).toMatchObject({ maxCount: 2 });
    await subscription.unsubscribe();
  });

  it('comes after the metadata of its stream, also when a group of that name was there before', async () => {
    const stream = fresh();
    await add(client, stream, 1);
    for (const round of [1, 2]) {
      await client.createPersistentSubscriptionToStream(stream, 'group', settings({ checkPointLowerBound: 1, checkPointUpperBound: 1 }));
      const { subscription } = await watchAndAck(connect(stream));
      await eventually(async () => expect((await info(stream)).stats.lastCheckpointedEventRevision).toBe(0n));
      const [metadata] = await Array.fromAsync(client.readStream(`$$${checkpointStream(stream)}`));
      const [checkpoint] = await Array.fromAsync(client.readStream(checkpointStream(stream)));
      expect(metadata!.event!.position!.commit, `round ${round}`).toBeLessThan(checkpoint!.event!.position!.commit);
      await subscription.unsubscribe();
      await client.deletePersistentSubscriptionToStream(stream, 'group');
    }
  });

  it('is written after as many events as the group says, also when time never has it written', async () => {
    const stream = await groupOf(5, { checkPointAfter: 0, checkPointLowerBound: 1, checkPointUpperBound: 3 });
    const { seen, subscription } = await watch(connect(stream));
    await eventually(() => expect(seen).toHaveLength(5));
    await subscription.ack(...seen.slice(0, 3));
    await eventually(async () => expect((await info(stream)).stats.lastCheckpointedEventRevision).toBe(2n));
    await subscription.unsubscribe();
  });

  it('is written in time when few events came', async () => {
    const stream = await groupOf(3, { checkPointAfter: 100, checkPointLowerBound: 2, checkPointUpperBound: 1000 });
    const { subscription } = await watchAndAck(connect(stream));
    await eventually(async () => expect((await info(stream)).stats.lastCheckpointedEventRevision).toBe(2n));
    await subscription.unsubscribe();
  });
});
