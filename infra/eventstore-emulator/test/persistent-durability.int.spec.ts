import { join } from 'node:path';
import {
  END,
  type EventStoreDBClient,
  PersistentSubscriptionDoesNotExistError,
  type PersistentSubscriptionToStreamSettings,
  persistentSubscriptionToAllSettingsFromDefaults,
  streamNameFilter,
} from '@eventstore/db-client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { EmulatorProcess } from './emulator-process.ts';
import { type Received, type Subscription, add, eventually, fresh, range, settings, watch, watchAndAck } from './group-client.ts';

let emulator: EmulatorProcess;
let client: EventStoreDBClient;
let stream: string;

beforeEach(async () => {
  emulator = await EmulatorProcess.start();
  client = emulator.client();
  stream = fresh();
});
afterEach(() => emulator.remove());

const FAULTS = join(import.meta.dirname, 'commit-faults.ts');
type Fault = 'kill-before' | 'kill-after' | 'fail';

async function restart(fault?: Fault): Promise<void> {
  emulator = await emulator.restart('SIGKILL', fault === undefined ? {} : { preload: FAULTS, env: { COMMIT_FAULT: fault } });
  client = emulator.client();
}

/** Has a commit go wrong, waits for the process to be gone and starts it without the fault. */
async function duringFault(fault: Fault, work: () => Promise<unknown>): Promise<void> {
  await restart(fault);
  await work();
  expect(await emulator.ended()).toBe('SIGKILL');
  await restart();
}

const EAGER = { checkPointLowerBound: 1, checkPointUpperBound: 1, checkPointAfter: 1 };
const create = (changes: Partial<PersistentSubscriptionToStreamSettings> = {}) =>
  client.createPersistentSubscriptionToStream(stream, 'group', settings({ ...EAGER, ...changes }));
const connect = () => client.subscribeToPersistentSubscriptionToStream(stream, 'group', { bufferSize: 50 });
const info = () => client.getPersistentSubscriptionToStreamInfo(stream, 'group');
const stats = async () => (await info()).stats;
const parkAll = (event: Received, from: Subscription): Promise<void> => from.nack('park', 'bad', event);
const reading = (name: string) => Array.fromAsync(client.readStream(`$persistentsubscription-${stream}::group-${name}`));

describe('After a kill', () => {
  it('a group is as it was created, and goes on after its checkpoint', async () => {
    await add(client, stream, 6);
    await create({ maxRetryCount: 3, consumerStrategyName: 'Pinned', startFrom: 1n });
    const { seen, subscription } = await watch(connect());
    await eventually(() => expect(seen).toHaveLength(5));
    await subscription.ack(...seen.slice(0, 2), seen[3]!);
    await eventually(async () => expect((await stats()).lastCheckpointedEventRevision).toBe(2n));
    const before = (await info()).settings;
    await restart();
    expect((await info()).settings).toEqual(before);
    expect((await stats()).lastCheckpointedEventRevision).toBe(2n);
    const { revisions } = await watchAndAck(connect());
    await eventually(() => expect(revisions()).toEqual([3, 4, 5]));
  });

  it('a group of $all with a filter is as it was', async () => {
    const asked = persistentSubscriptionToAllSettingsFromDefaults({ ...EAGER, startFrom: 'start' });
    await client.createPersistentSubscriptionToAll('all', asked, { filter: streamNameFilter({ prefixes: ['thing-', 'order-'] }) });
    await add(client, stream, 2);
    await add(client, fresh('other'), 1);
    await add(client, fresh('order'), 1);
    await restart();
    const { seen } = await watchAndAck(client.subscribeToPersistentSubscriptionToAll('all'));
    await eventually(() => expect(seen).toHaveLength(3));
    const last = seen.at(-1)!.event!.position;
    await eventually(async () =>
      expect((await client.getPersistentSubscriptionToAllInfo('all')).stats.lastCheckpointedEventPosition).toEqual(last),
    );
    await restart();
    await add(client, stream, 1);
    const after = await watchAndAck(client.subscribeToPersistentSubscriptionToAll('all'));
    await eventually(() => expect(after.revisions()).toEqual([2]));
  });

  it('a deleted group stays deleted', async () => {
    await create();
    await client.deletePersistentSubscriptionToStream(stream, 'group');
    await restart();
    await expect(info()).rejects.toThrow(PersistentSubscriptionDoesNotExistError);
    expect(await client.listAllPersistentSubscriptions()).toEqual([]);
  });

  it('parked events are still parked, and so are those that were replayed and not acked', async () => {
    await add(client, stream, 3);
    await create();
    await watch(connect(), parkAll);
    await eventually(async () => expect(await stats()).toMatchObject({ parkedMessageCount: 3n, lastCheckpointedEventRevision: 2n }));
    await restart();
    const { seen, subscription } = await watch(connect());
    await client.replayParkedMessagesToStream(stream, 'group');
    await eventually(() => expect(seen).toHaveLength(3));
    await subscription.ack(seen[0]!, seen[2]!);
    await eventually(async () =>
      expect((await client.getStreamMetadata(`$persistentsubscription-${stream}::group-parked`)).metadata).toMatchObject({
        truncateBefore: 1,
      }),
    );
    await restart();
    expect((await stats()).parkedMessageCount).toBe(2n);
    const after = await watchAndAck(connect());
    await client.replayParkedMessagesToStream(stream, 'group');
    await eventually(() => expect(after.seen.map(({ event }) => event!.revision)).toEqual([1n, 2n]));
  });

  it('a group from the end that has no checkpoint starts at the end again, as by the real server', async () => {
    await create({ startFrom: END, checkPointLowerBound: 10, checkPointUpperBound: 10 });
    await add(client, stream, 3);
    await restart();
    const { revisions } = await watchAndAck(connect());
    await add(client, stream, 1);
    await eventually(() => expect(revisions()).toEqual([3]));
  });
});

describe('A process that dies', () => {
  it.each<[Fault, boolean]>([
    ['kill-before', false],
    ['kill-after', true],
  ])('with the creation of a group on its way (%s) has made it in full or not at all', async (fault, exists) => {
    await duringFault(fault, () => expect(create()).rejects.toMatchObject({ code: 14 }));
    if (exists) expect(await info()).toMatchObject({ settings: settings(EAGER) });
    else await expect(info()).rejects.toThrow(PersistentSubscriptionDoesNotExistError);
  });

  it.each<[Fault, number[], bigint]>([
    ['kill-before', [0], 0n],
    ['kill-after', [0], 1n],
  ])('while it parks an event (%s) gives it again, and has parked it or not', async (fault, again, parked) => {
    await add(client, stream, 1);
    await create();
    await duringFault(fault, () => watch(connect(), parkAll));
    const { revisions } = await watchAndAck(connect());
    await eventually(() => expect(revisions()).toEqual(again));
    expect((await stats()).parkedMessageCount).toBe(parked);
  });

  it.each<[Fault, number[]]>([
    ['kill-before', [0, 1, 2]],
    ['kill-after', [2]],
  ])('while it writes a checkpoint (%s) gives again what comes after the one on disk', async (fault, again) => {
    await add(client, stream, 3);
    await create();
    await duringFault(fault, async () => {
      const { seen, subscription } = await watch(connect());
      await eventually(() => expect(seen).toHaveLength(3));
      await subscription.ack(...seen.slice(0, 2));
    });
    const { revisions } = await watchAndAck(connect());
    await eventually(() => expect(revisions()).toEqual(again));
  });

  it.each<[Fault, boolean]>([
    ['kill-before', true],
    ['kill-after', false],
  ])('while it deletes a group (%s) leaves all of it or nothing', async (fault, remains) => {
    await add(client, stream, 2);
    await create();
    await watch(connect(), parkAll);
    await eventually(async () => expect(await stats()).toMatchObject({ parkedMessageCount: 2n, lastCheckpointedEventRevision: 1n }));
    await duringFault(fault, () =>
      expect(client.deletePersistentSubscriptionToStream(stream, 'group')).rejects.toMatchObject({ code: 14 }),
    );
    if (remains) {
      expect(await stats()).toMatchObject({ parkedMessageCount: 2n, lastCheckpointedEventRevision: 1n });
    } else {
      await expect(info()).rejects.toThrow(PersistentSubscriptionDoesNotExistError);
      for (const name of ['parked', 'checkpoint']) await expect(reading(name)).rejects.toMatchObject({ type: 'stream-not-found' });
    }
  });
});

describe('A disk that fails for a while', () => {
  it('delays parking and checkpoint, and loses nothing', async () => {
    await add(client, stream, 2);
    await create();
    await restart('fail');
    const { seen } = await watch(connect(), (event, from) => (event.event!.revision === 0n ? parkAll(event, from) : from.ack(event)));
    await eventually(() => expect(seen).toHaveLength(2));
    await eventually(async () => expect(await stats()).toMatchObject({ parkedMessageCount: 1n, lastCheckpointedEventRevision: 1n }));
    expect(seen).toHaveLength(2);
  });

  it('leaves a group as it was when its end could not be written', async () => {
    await add(client, stream, 2);
    await create();
    await restart('fail');
    const { failure } = await watch(connect());
    await expect(client.deletePersistentSubscriptionToStream(stream, 'group')).rejects.toMatchObject({ type: 'unavailable' });
    expect(await failure).toMatchObject({ type: 'persistent-subscription-dropped' });
    const { revisions } = await watch(connect());
    await eventually(() => expect(revisions()).toEqual([0, 1]));
  });
});

describe('Killed again and again under load', () => {
  it('gives every event, and again at most what comes after the checkpoint', async () => {
    const EVENTS = 1500;
    const settled = new Set<number>();
    await add(client, stream, EVENTS);
    await create({ checkPointUpperBound: 20, readBatchSize: 50, maxRetryCount: 1 });
    for (let round = 1; round <= 4; round++) {
      const checkpoint = Number((await stats()).lastCheckpointedEventRevision ?? -1n);
      const { revisions, subscription } = await watch(connect(), async (event, from) => {
        const revision = Number((event.link ?? event.event!).revision);
        await (revision % 50 === 49 ? from.nack('park', 'bad', event) : from.ack(event)).catch(() => {});
        settled.add(revision);
      });
      subscription.on('error', () => {});
      const goal = round === 4 ? EVENTS : (round * EVENTS) / 4;
      await vi.waitFor(() => expect(settled.size).toBeGreaterThanOrEqual(goal), { timeout: 30_000 });
      expect(Math.min(...revisions())).toBe(checkpoint + 1);
      if (round < 4) await restart();
    }
    expect([...settled].sort((a, b) => a - b)).toEqual(range(0, EVENTS));
    await eventually(async () =>
      expect(await stats()).toMatchObject({ lastCheckpointedEventRevision: BigInt(EVENTS - 1), totalInFlightMessages: 0 }),
    );
    const parked = new Set(
      (await Array.fromAsync(client.readStream(`$persistentsubscription-${stream}::group-parked`, { resolveLinkTos: true }))).map(
        ({ event }) => Number(event!.revision),
      ),
    );
    expect([...parked].sort((a, b) => a - b)).toEqual(range(0, EVENTS).filter((revision) => revision % 50 === 49));
  });
});
