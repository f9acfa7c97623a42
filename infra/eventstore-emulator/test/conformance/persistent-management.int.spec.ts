import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import {
  END,
  PersistentSubscriptionDoesNotExistError,
  PersistentSubscriptionExistsError,
  START,
  eventTypeFilter,
  persistentSubscriptionToAllSettingsFromDefaults,
} from '../client-under-test.ts';
import { add, eventually, fresh, settings, watch, watchAndAck } from '../group-client.ts';
import { ServerUnderTest } from '../server-under-test.ts';

const server = await ServerUnderTest.start();
const client = server.client();

const all = (changes = {}) => persistentSubscriptionToAllSettingsFromDefaults({ startFrom: START, ...changes });

describe('Creating a group', () => {
  it('that exists is refused, with its names', async () => {
    const stream = fresh();
    await client.createPersistentSubscriptionToStream(stream, 'group', settings());
    const again = client.createPersistentSubscriptionToStream(stream, 'group', settings({ maxRetryCount: 1 }));
    await expect(again).rejects.toThrow(PersistentSubscriptionExistsError);
    await expect(again).rejects.toMatchObject({ streamName: stream, groupName: 'group' });
    await client.createPersistentSubscriptionToStream(stream, 'another', settings());
  });

  it('that exists of $all is refused too', async () => {
    const group = fresh('group');
    await client.createPersistentSubscriptionToAll(group, all());
    await expect(client.createPersistentSubscriptionToAll(group, all())).rejects.toThrow(PersistentSubscriptionExistsError);
    await client.deletePersistentSubscriptionToAll(group);
  });

  it('twice at once succeeds once', async () => {
    const stream = fresh();
    const outcomes = await Promise.allSettled(range(5).map(() => client.createPersistentSubscriptionToStream(stream, 'group', settings())));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('whose batch is not smaller than its buffer fails', async () => {
    const stream = fresh();
    const created = client.createPersistentSubscriptionToStream(stream, 'group', settings({ readBatchSize: 20, historyBufferSize: 20 }));
    await expect(created).rejects.toThrow(`Subscription group group on stream ${stream} failed: '`);
    await expect(client.getPersistentSubscriptionToStreamInfo(stream, 'group')).rejects.toThrow(PersistentSubscriptionDoesNotExistError);
  });

  it('from beyond the end of $all fails', async () => {
    const startFrom = { commit: 2n ** 60n, prepare: 2n ** 60n };
    await expect(client.createPersistentSubscriptionToAll(fresh('group'), all({ startFrom }))).rejects.toThrow(
      'Invalid Start From position',
    );
  });

  it('is an event that tells all groups there are', async () => {
    const stream = fresh();
    await client.createPersistentSubscriptionToStream(stream, 'group', settings({ messageTimeout: 1234, startFrom: 7n }));
    const [last] = await Array.fromAsync(
      client.readStream('$persistentSubscriptionConfig', { direction: 'backwards', fromRevision: END, maxCount: 1 }),
    );
    expect(last!.event).toMatchObject({ type: '$PersistentConfig' });
    const { version, entries } = last!.event!.data as { version: string; entries: object[] };
    expect(version).toBe('2');
    expect(entries).toContainEqual({
      stream,
      group: 'group',
      messageTimeout: 1234,
      startFrom: 7,
      startPosition: '7',
      liveBufferSize: 500,
      historyBufferSize: 500,
      maxRetryCount: 10,
      readBatchSize: 20,
      checkPointAfter: 2000,
      minCheckPointCount: 10,
      maxCheckPointCount: 1000,
      namedConsumerStrategy: 'RoundRobin',
    });
  });
});

describe('Updating a group', () => {
  it('that does not exist is refused', async () => {
    await expect(client.updatePersistentSubscriptionToStream(fresh(), 'group', settings())).rejects.toThrow(
      PersistentSubscriptionDoesNotExistError,
    );
    await expect(client.updatePersistentSubscriptionToAll(fresh('group'), all())).rejects.toThrow(PersistentSubscriptionDoesNotExistError);
  });

  it('changes its settings and goes on after its checkpoint', async () => {
    const stream = fresh();
    await add(client, stream, 5);
    await client.createPersistentSubscriptionToStream(stream, 'group', settings({ checkPointLowerBound: 1, checkPointUpperBound: 1 }));
    const { seen, subscription } = await watch(client.subscribeToPersistentSubscriptionToStream(stream, 'group'));
    await eventually(() => expect(seen).toHaveLength(5));
    await subscription.ack(...seen.slice(0, 3));
    const info = () => client.getPersistentSubscriptionToStreamInfo(stream, 'group');
    await eventually(async () => expect((await info()).stats.lastCheckpointedEventRevision).toBe(2n));
    await client.updatePersistentSubscriptionToStream(
      stream,
      'group',
      settings({ maxRetryCount: 4, consumerStrategyName: 'DispatchToSingle' }),
    );
    expect((await info()).settings).toMatchObject({ maxRetryCount: 4, consumerStrategyName: 'DispatchToSingle', startFrom: START });
    const after = await watchAndAck(client.subscribeToPersistentSubscriptionToStream(stream, 'group'));
    await eventually(() => expect(after.revisions()).toEqual([3, 4]));
    await after.subscription.unsubscribe();
  });

  it('of $all keeps its filter', async () => {
    const [group, stream, type] = [fresh('group'), fresh(), fresh('Type')];
    await client.createPersistentSubscriptionToAll(group, all(), { filter: eventTypeFilter({ prefixes: [type] }) });
    await client.updatePersistentSubscriptionToAll(group, all({ maxRetryCount: 1 }));
    await add(client, stream, 1);
    await add(client, stream, 1, type);
    const { revisions, subscription } = await watchAndAck(client.subscribeToPersistentSubscriptionToAll(group));
    await eventually(() => expect(revisions()).toEqual([1]));
    await subscription.unsubscribe();
    await client.deletePersistentSubscriptionToAll(group);
  });
});

describe('Deleting a group', () => {
  it('that does not exist is refused', async () => {
    await expect(client.deletePersistentSubscriptionToStream(fresh(), 'group')).rejects.toThrow(PersistentSubscriptionDoesNotExistError);
    await expect(client.deletePersistentSubscriptionToAll(fresh('group'))).rejects.toThrow(PersistentSubscriptionDoesNotExistError);
  });

  it('takes its checkpoint and what it parked with it: a new one of its name starts anew', async () => {
    const stream = fresh();
    await add(client, stream, 2);
    const create = () =>
      client.createPersistentSubscriptionToStream(stream, 'group', settings({ checkPointLowerBound: 1, checkPointUpperBound: 1 }));
    const info = () => client.getPersistentSubscriptionToStreamInfo(stream, 'group');
    for (const round of [1, 2]) {
      await create();
      expect((await info()).stats).toMatchObject({ parkedMessageCount: 0n, lastCheckpointedEventRevision: undefined });
      const { revisions } = await watch(client.subscribeToPersistentSubscriptionToStream(stream, 'group'), (event, from) =>
        from.nack('park', `round ${round}`, event),
      );
      await eventually(() => expect(revisions()).toEqual([0, 1]));
      await eventually(async () =>
        expect((await info()).stats).toMatchObject({ parkedMessageCount: 2n, lastCheckpointedEventRevision: 1n }),
      );
      await client.deletePersistentSubscriptionToStream(stream, 'group');
      for (const name of ['parked', 'checkpoint']) {
        const reading = Array.fromAsync(client.readStream(`$persistentsubscription-${stream}::group-${name}`));
        await expect(reading).rejects.toMatchObject({ type: 'stream-not-found' });
      }
    }
  });
});

describe('What is told of a group', () => {
  it('is its settings, where it is, and who is connected', async () => {
    const stream = fresh();
    await add(client, stream, 3);
    const asked = settings({
      startFrom: 1n,
      extraStatistics: true,
      maxSubscriberCount: 5,
      resolveLinkTos: true,
      checkPointLowerBound: 1,
      checkPointUpperBound: 1,
    });
    await client.createPersistentSubscriptionToStream(stream, 'group', asked);
    const { seen, subscription } = await watch(client.subscribeToPersistentSubscriptionToStream(stream, 'group', { bufferSize: 7 }));
    await eventually(() => expect(seen).toHaveLength(2));
    await subscription.ack(seen[0]!);
    const info = () => client.getPersistentSubscriptionToStreamInfo(stream, 'group');
    await eventually(async () => expect((await info()).stats.totalInFlightMessages).toBe(1));
    await eventually(async () => expect((await info()).stats.lastCheckpointedEventRevision).toBe(1n));
    const told = await info();
    expect(told).toMatchObject({ eventSource: stream, groupName: 'group', status: 'Live', settings: asked });
    expect(told.stats).toEqual({
      averagePerSecond: expect.any(Number),
      totalItems: 2n,
      countSinceLastMeasurement: 0n,
      readBufferCount: 0,
      liveBufferCount: 0n,
      retryBufferCount: 0,
      totalInFlightMessages: 1,
      outstandingMessagesCount: 1,
      parkedMessageCount: 0n,
      lastCheckpointedEventRevision: 1n,
      lastKnownEventRevision: 2n,
    });
    expect(told.connections).toMatchObject([
      { username: expect.any(String), totalItems: 2n, availableSlots: 6, inFlightMessages: 1, connectionName: expect.any(String) },
    ]);
    expect([...told.connections[0]!.extraStatistics!.keys()]).toEqual([
      'mean',
      'median',
      'fastest',
      'quintile 1',
      'quintile 2',
      'quintile 3',
      'quintile 4',
      'quintile 5',
      '90%',
      '95%',
      '99%',
      '99.5%',
      '99.9%',
      'highest',
    ]);
    await subscription.unsubscribe();
  });

  it.each([START, END])('names a start of $all (%s) as it was asked for', async (startFrom) => {
    const group = fresh('group');
    await client.createPersistentSubscriptionToAll(group, all({ startFrom }));
    expect((await client.getPersistentSubscriptionToAllInfo(group)).settings.startFrom).toBe(startFrom);
    await client.deletePersistentSubscriptionToAll(group);
  });

  it.each([
    ['what was there before', true],
    ['what came since', false],
  ])('says that it is behind while its buffer is full of %s', async (_title, isOld) => {
    const stream = fresh();
    if (isOld) await add(client, stream, 30);
    await client.createPersistentSubscriptionToStream(stream, 'group', settings({ historyBufferSize: 20, readBatchSize: 5 }));
    const info = () => client.getPersistentSubscriptionToStreamInfo(stream, 'group');
    if (!isOld) {
      await eventually(async () => expect((await info()).status).toBe('Live'));
      await add(client, stream, 30);
    }
    await eventually(async () => expect((await info()).stats.readBufferCount).toBeGreaterThanOrEqual(15));
    await eventually(async () => expect((await info()).status).toBe('Behind'));
    expect((await info()).stats.readBufferCount).toBeLessThanOrEqual(20);
    const { subscription } = await watchAndAck(client.subscribeToPersistentSubscriptionToStream(stream, 'group'));
    await eventually(async () => expect((await info()).status).toBe('Live'));
    await subscription.unsubscribe();
  });

  it('is refused for one that does not exist', async () => {
    await expect(client.getPersistentSubscriptionToStreamInfo(fresh(), 'group')).rejects.toThrow(PersistentSubscriptionDoesNotExistError);
    await expect(client.getPersistentSubscriptionToAllInfo(fresh('group'))).rejects.toThrow(PersistentSubscriptionDoesNotExistError);
  });
});

describe('The list of groups', () => {
  it('holds all of them, or those of one stream, or of $all', async () => {
    const [stream, group] = [fresh(), fresh('group')];
    await client.createPersistentSubscriptionToStream(stream, 'a', settings());
    await client.createPersistentSubscriptionToStream(stream, 'b', settings());
    await client.createPersistentSubscriptionToAll(group, all());
    const names = (infos: readonly { eventSource: string; groupName: string }[]): string[] =>
      infos.map(({ eventSource, groupName }) => `${eventSource}::${groupName}`);
    expect(names(await client.listPersistentSubscriptionsToStream(stream))).toEqual([`${stream}::a`, `${stream}::b`]);
    expect(names(await client.listPersistentSubscriptionsToAll())).toContain(`$all::${group}`);
    expect(names(await client.listAllPersistentSubscriptions())).toEqual(
      expect.arrayContaining([`${stream}::a`, `${stream}::b`, `$all::${group}`]),
    );
    await client.deletePersistentSubscriptionToAll(group);
  });

  it('of a stream that never had one is refused; of one that had, it is empty', async () => {
    const stream = fresh();
    await expect(client.listPersistentSubscriptionsToStream(stream)).rejects.toThrow(PersistentSubscriptionDoesNotExistError);
    await client.createPersistentSubscriptionToStream(stream, 'group', settings());
    await client.deletePersistentSubscriptionToStream(stream, 'group');
    expect(await client.listPersistentSubscriptionsToStream(stream)).toEqual([]);
  });
});

describe('Restarting the subsystem', () => {
  it('drops the clients; the groups go on from what is on disk', async () => {
    const stream = fresh();
    await add(client, stream, 1);
    await client.createPersistentSubscriptionToStream(stream, 'group', settings());
    const { subscription } = await watchAndAck(client.subscribeToPersistentSubscriptionToStream(stream, 'group'));
    const dropped = once(subscription, 'error') as Promise<[Error]>;
    await client.restartPersistentSubscriptionSubsystem();
    expect((await dropped)[0]).toMatchObject({ type: 'persistent-subscription-dropped' });
    const after = await watchAndAck(client.subscribeToPersistentSubscriptionToStream(stream, 'group'));
    await eventually(() => expect(after.revisions()).toEqual([0]));
    await after.subscription.unsubscribe();
  });
});

function range(count: number): number[] {
  return Array.from({ length: count }, (_, n) => n);
}
