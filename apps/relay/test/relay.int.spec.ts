import { randomUUID } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import type { EventToAppend } from '@orderstream/event-sourcing';
import type { EventStoreDb } from '@orderstream/eventstoredb';
import { askKafka } from '@orderstream/kafka';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { StartRefused } from '../src/checkpoint.ts';
import type { Relay } from '../src/relay.ts';
import { kill, listed, received, type SeenRecord, type Started, World } from './world.ts';

let world: World;
let store: EventStoreDb;
/** The ids of each stream's events, in order. */
let stored: Map<string, string[]>;

beforeEach(async () => {
  world = new World();
  await world.open();
  store = world.newStore();
  stored = new Map();
});
afterEach(() => world.close());

async function append(stream: string, events: readonly EventToAppend[]): Promise<void> {
  const ids = stored.get(stream) ?? [];
  stored.set(stream, [...ids, ...events.map(({ id }) => id)]);
  expect(await store.append(stream, events, ids.length === 0 ? 'no_stream' : ids.length - 1)).toMatchObject({ ok: true });
}

/** Events over several streams, which take turns in the log. */
async function appendMany(count: number, streams = 10, perAppend = 50): Promise<void> {
  const names = Array.from({ length: streams }, () => randomUUID().slice(0, 8));
  for (let written = 0; written < count; written += streams * perAppend) {
    await Promise.all(
      names.map((name, index) => {
        const isStock = index % 2 === 0;
        const events = Array.from({ length: perAppend }, () => (isStock ? received(name) : listed(name)));
        return append(`${isStock ? 'stock' : 'product'}-${name}`, events);
      }),
    );
  }
}

async function drained(relay: Relay): Promise<void> {
  const end = await store.lastPosition(Object.keys(world.shard.routes));
  await vi.waitFor(() => expect(relay.state).toEqual({ status: 'relaying', position: end }), { timeout: 30_000, interval: 50 });
}

function byStream(records: readonly SeenRecord[]): Map<string, string[]> {
  return new Map([...Map.groupBy(records, ({ stream }) => stream)].map(([stream, own]) => [stream, own.map(({ id }) => id)]));
}

/** Each stored event once, in the order of its stream, on the one partition of its stream. */
async function expectExactlyOnce(): Promise<void> {
  const records = await world.published();
  const sorted = (map: Map<string, string[]>) => [...map].sort(([a], [b]) => (a < b ? -1 : 1));
  expect(sorted(byStream(records))).toEqual(sorted(stored));
  for (const own of Map.groupBy(records, ({ stream }) => stream).values()) {
    expect(new Set(own.map(({ topic, partition }) => `${topic} ${partition}`)).size).toBe(1);
    expect(own.map(({ revision }) => revision)).toEqual(own.map((_, index) => index));
  }
}

/** Stops the process while records of a transaction of its are written and the transaction is not over. */
async function freezeInTransaction(started: Started): Promise<void> {
  const newest = new Map<string, bigint>();
  let frozen = false;
  let notice: () => void = () => {};
  await world.observe({ readUncommitted: true }, ({ topic, partition, offset }) => {
    newest.set(`${topic} ${partition}`, offset);
    if (!frozen) started.process.kill('SIGSTOP');
    frozen = true;
    notice();
  });
  for (;;) {
    if (!frozen) {
      await new Promise<void>((resolve) => {
        notice = resolve;
      });
    }
    const stable = await askKafka(world.kafka, async (admin) => {
      const ends = await Promise.all(world.topics.map(async (topic) => ({ topic, ends: await admin.fetchTopicOffsets(topic) })));
      return new Map(ends.flatMap(({ topic, ends }) => ends.map(({ partition, high }) => [`${topic} ${partition}`, BigInt(high)])));
    });
    if ([...newest].some(([at, offset]) => offset >= stable.get(at)!)) return;
    frozen = false;
    started.process.kill('SIGCONT');
  }
}

async function checkpointPosition(): Promise<bigint | null> {
  let position: bigint | null = null;
  const consumer = world.kafka.consumer({ groupId: `test-${randomUUID()}`, maxWaitTimeInMs: 20 });
  const end = randomUUID();
  const producer = world.kafka.producer();
  await producer.connect();
  await producer.send({ topic: world.shard.stateTopic, messages: [{ key: 'end', value: end }] });
  await producer.disconnect();
  await consumer.connect();
  await consumer.subscribe({ topics: [world.shard.stateTopic], fromBeginning: true });
  await new Promise<void>((resolve) => {
    void consumer.run({
      autoCommit: false,
      eachMessage: async ({ message }) => {
        if (message.value!.toString() === end) resolve();
        if (message.key!.toString() === world.shard.name) {
          const found = (JSON.parse(message.value!.toString()) as { position: string | null }).position;
          position = found === null ? null : BigInt(found);
        }
      },
    });
  });
  await consumer.disconnect();
  return position;
}

/** Writes to the log what no contract allows. */
async function appendRaw(stream: string, type: string, data: Record<string, unknown>, metadata: Record<string, unknown>): Promise<void> {
  const client = EventStoreDBClient.connectionString(world.eventStoreUrl);
  await client.appendToStream(stream, [jsonEvent({ type, data, metadata })], {});
  await client.dispose();
}

describe('The relay', () => {
  it('brings each stored event to its topic once and in order: those that are there, and those to come', async () => {
    await appendMany(2_000);
    const relay = world.relay();
    void relay.run();
    await drained(relay);
    await appendMany(1_000, 4, 5);
    await drained(relay);
    expect(relay.counts).toMatchObject({ records: 3_000, parked: 0, recoveries: 1 });
    expect(relay.behindMs).toBe(0);
    await expectExactlyOnce();
  });

  it('goes on behind its checkpoint after a stop', async () => {
    await appendMany(500, 5, 10);
    const first = world.relay();
    void first.run();
    await drained(first);
    await first.stop();
    await appendMany(200, 5, 10);
    const second = world.relay();
    void second.run();
    await drained(second);
    expect(second.counts.records).toBe(200);
    await expectExactlyOnce();
  });

  it('loses and doubles nothing when it is killed with a transaction open, and is not waited for', async () => {
    await appendMany(30_000, 20, 250);
    const raw = new Map<string, number>();
    await world.observe({ readUncommitted: true }, ({ id }) => void raw.set(id, (raw.get(id) ?? 0) + 1));
    const killed = world.relayProcess();
    await freezeInTransaction(killed);
    await kill(killed);
    const end = await store.lastPosition(Object.keys(world.shard.routes));
    expect((await checkpointPosition()) ?? 0n).toBeLessThan(end!);
    const successor = world.relay();
    void successor.run();
    await drained(successor);
    await expectExactlyOnce();
    // The killed relay's last batch lies on the topic, and was delivered a second time.
    await vi.waitFor(() => expect(Math.max(...raw.values())).toBeGreaterThan(1));
  });

  it('commits nothing as a zombie: it is shut out by its successor, in the middle of a transaction', async () => {
    await appendMany(20_000, 20, 250);
    const zombie = world.relayProcess();
    await freezeInTransaction(zombie);
    const successor = world.relay();
    void successor.run();
    await drained(successor);
    await successor.stop();
    const before = zombie.lines.length;
    zombie.process.kill('SIGCONT');
    await vi.waitFor(() => expect(zombie.lines.slice(before).join()).toMatch(/starts over: kafka does not answer/), 20_000);
    await kill(zombie);
    await expectExactlyOnce();
  });

  it('is exactly once even when two of them fight for the shard', async () => {
    const [one, other] = [world.relay(), world.relay()];
    void one.run();
    void other.run();
    await appendMany(2_000, 10, 10);
    const end = await store.lastPosition(Object.keys(world.shard.routes));
    await vi.waitFor(
      () => expect([one, other].map(({ state }) => state.status === 'relaying' && state.position)).toContain(end),
      { timeout: 40_000, interval: 50 },
    );
    await Promise.all([one.stop(), other.stop()]);
    await expectExactlyOnce();
  });
});

describe('An event that can not be published', () => {
  const metadata = { schemaVersion: 1, $correlationId: 'a', $causationId: 'b' };

  it('is parked with what its stream stores later, across restarts; everything else flows', async () => {
    const [poisoned, sound] = [`product-${randomUUID()}`, `product-${randomUUID()}`];
    await append(poisoned, [listed('A')]);
    await appendRaw(poisoned, 'ProductPainted', { colour: 'red' }, metadata);
    await append(sound, [listed('B')]);
    const first = world.relay();
    void first.run();
    await drained(first);
    expect(first.counts).toMatchObject({ records: 2, parked: 1 });
    await first.stop();

    await store.append(poisoned, [listed('A')], 1);
    await append(sound, [listed('B')]);
    const second = world.relay();
    void second.run();
    await drained(second);
    expect(second.counts).toMatchObject({ records: 1, parked: 1 });
    await expectExactlyOnce();
  });

  it('because its data is not what its contract says is parked, too', async () => {
    await appendRaw(`product-${randomUUID()}`, 'ProductListed', { sku: 7 }, metadata);
    await appendMany(20, 2, 10);
    const relay = world.relay();
    void relay.run();
    await drained(relay);
    expect(relay.counts).toMatchObject({ records: 20, parked: 1 });
    await expectExactlyOnce();
  });

  it('because its schema is newer makes the relay wait and say what to do, after it has published what came before', async () => {
    await appendMany(20, 2, 10);
    await appendRaw(`product-${randomUUID()}`, 'ProductListed', { sku: 'A' }, { ...metadata, schemaVersion: 2 });
    const relay = world.relay();
    void relay.run();
    await vi.waitFor(() => expect(relay.state).toMatchObject({ status: 'unknown', cause: expect.stringMatching(/version 2 of ProductListed.*npm run deploy/) }), 10_000);
    expect(relay.counts).toMatchObject({ records: 20, parked: 0 });
    await relay.stop();
    await expectExactlyOnce();
  });
});

describe('The relay does not start', () => {
  const ranOnce = async (): Promise<void> => {
    await appendMany(20, 2, 10);
    const relay = world.relay();
    void relay.run();
    await drained(relay);
    await relay.stop();
  };

  it('with another filter than that of its checkpoint, and names what changed', async () => {
    await ranOnce();
    const other = world.relay({ ...world.shard, routes: { product: world.shard.routes.product! } });
    await expect(other.run()).rejects.toThrow(/streams stock-\* went to topic .*-inventory and are not carried any more/);
  });

  it('when its checkpoint is gone but topics have records', async () => {
    await ranOnce();
    const stateTopic = `${world.shard.stateTopic}-new`;
    await askKafka(world.kafka, (admin) => admin.createTopics({ waitForLeaders: true, topics: [{ topic: stateTopic }] }));
    const other = world.relay({ ...world.shard, stateTopic });
    await expect(other.run()).rejects.toThrow(/has no checkpoint of shard test, but there are records on .*-catalog/);
    await askKafka(world.kafka, (admin) => admin.deleteTopics({ topics: [stateTopic] }));
  });

  it('on another log than the one that its checkpoint is about', async () => {
    await ranOnce();
    await world.stopEventStore();
    await world.startEventStore(await mkdtemp(path.join(tmpdir(), 'orderstream-relay-')));
    const relay = world.relay();
    const refused = relay.run();
    await expect(refused).rejects.toBeInstanceOf(StartRefused);
    await expect(refused).rejects.toThrow(/does not have event .*another one, or was set back/);
  });

  it('while a topic is missing or has other partitions than its contract says, but goes on when it is deployed', async () => {
    const waiting = world.relay({ ...world.shard, partitions: { ...world.shard.partitions, [world.shard.routes.stock!]: 7 } });
    void waiting.run();
    await vi.waitFor(() => expect(waiting.state).toMatchObject({ cause: expect.stringMatching(/has 2 partitions and its contract says 7.*npm run deploy/) }));
    await waiting.stop();
    await askKafka(world.kafka, (admin) => admin.deleteTopics({ topics: [...world.topics, world.shard.stateTopic] }));
    const relay = world.relay();
    void relay.run();
    await vi.waitFor(() => expect(relay.state).toMatchObject({ cause: expect.stringMatching(/does not exist.*npm run deploy/) }));
    await vi.waitFor(() => world.createTopics(), 5_000);
    await appendMany(20, 2, 10);
    await drained(relay);
    await expectExactlyOnce();
  });
});

describe('When the event store is away, the relay', () => {
  it('waits, naming it, and goes on by itself when it is back', async () => {
    await appendMany(100, 2, 10);
    const relay = world.relay();
    void relay.run();
    await drained(relay);
    await world.stopEventStore();
    await vi.waitFor(() => expect(relay.state).toMatchObject({ status: 'unknown', cause: expect.stringMatching(/^eventstore/) }), 5_000);
    await world.startEventStore();
    await vi.waitFor(() => store.ping(), 5_000);
    await appendMany(100, 2, 10);
    await drained(relay);
    await expectExactlyOnce();
  });
});
