import { randomUUID } from 'node:crypto';
import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { newerContracts } from '@orderstream/contracts/testing';
import { askKafka } from '@orderstream/kafka';
import { silentLogger } from '@orderstream/messaging';
import { describe, expect, test, vi } from 'vitest';
import { deploySchemas } from '../../../infra/deploy/src/schemas.ts';
import { StartRefused } from './checkpoint.ts';
import { Relay } from './relay.ts';
import { KafkaLink } from './testing/kafka-link.ts';
import { kill, listed, type SeenRecord, type Started, World } from './testing/world.ts';

const it = test.extend<{ world: World }>({
  world: async ({ task }, use) => {
    const world = new World(task.id);
    await world.open();
    await use(world);
    await world.close();
  },
});

/** Some thousand events and processes started from source take their time beside other tests. */
const ON_A_BUSY_MACHINE = { timeout: 150_000 };

async function drained(world: World, relay: Relay): Promise<void> {
  const end = await world.end();
  const position = (): bigint | null => (relay.state.status === 'relaying' ? relay.state.position : null);
  await vi.waitFor(() => expect(position()).toBeGreaterThanOrEqual(end ?? 0n), { timeout: 60_000, interval: 50 });
}

function byStream(records: readonly SeenRecord[]): ReadonlyMap<string, string[]> {
  return new Map([...Map.groupBy(records, ({ stream }) => stream)].map(([stream, own]) => [stream, own.map(({ id }) => id)]));
}

/** Each stored event once, in the order of its stream, on the one partition of its stream. */
async function expectExactlyOnce(world: World): Promise<void> {
  const records = await world.published();
  const sorted = (map: ReadonlyMap<string, readonly string[]>) => [...map].sort(([a], [b]) => (a < b ? -1 : 1));
  expect(sorted(byStream(records))).toEqual(sorted(world.stored));
  for (const own of Map.groupBy(records, ({ stream }) => stream).values()) {
    expect(new Set(own.map(({ topic, partition }) => `${topic} ${partition}`)).size).toBe(1);
    expect(own.map(({ revision }) => revision)).toEqual(own.map((_, index) => index));
  }
}

/** Stops the process while records of a transaction of its are written and the transaction is not over. */
async function freezeInTransaction(world: World, started: Started): Promise<void> {
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

async function checkpointPosition(world: World): Promise<bigint | null> {
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
async function appendRaw(
  world: World,
  stream: string,
  type: string,
  data: Record<string, unknown>,
  metadata: Record<string, unknown>,
): Promise<void> {
  const client = EventStoreDBClient.connectionString(world.eventStoreUrl);
  await client.appendToStream(stream, [jsonEvent({ type, data, metadata })], {});
  await client.dispose();
}

describe('The relay', () => {
  it('brings each stored event to its topic once and in order: those that are there, and those to come', async ({ world }) => {
    await world.appendMany(2_000);
    const relay = world.relay();
    void relay.run();
    await drained(world, relay);
    await world.appendMany(1_000, 4, 5);
    await drained(world, relay);
    expect(relay.counts).toMatchObject({ records: 3_000, parked: 0, recoveries: 1 });
    expect(relay.behindMs).toBe(0);
    await expectExactlyOnce(world);
  });

  it('goes on behind its checkpoint after a stop', async ({ world }) => {
    await world.appendMany(500, 5, 10);
    const first = world.relay();
    void first.run();
    await drained(world, first);
    await first.stop();
    await world.appendMany(200, 5, 10);
    const second = world.relay();
    void second.run();
    await drained(world, second);
    expect(second.counts.records).toBe(200);
    await expectExactlyOnce(world);
  });

  it('loses and doubles nothing when it is killed with a transaction open, and is not waited for', ON_A_BUSY_MACHINE, async ({ world }) => {
    await world.appendMany(10_000, 20, 250);
    const raw = new Map<string, number>();
    await world.observe({ readUncommitted: true }, ({ id }) => void raw.set(id, (raw.get(id) ?? 0) + 1));
    const killed = world.relayProcess();
    await freezeInTransaction(world, killed);
    await kill(killed);
    const end = await world.end();
    expect((await checkpointPosition(world)) ?? 0n).toBeLessThan(end!);
    const successor = world.relay();
    void successor.run();
    await drained(world, successor);
    await expectExactlyOnce(world);
    // The killed relay's last batch lies on the topic, and was delivered a second time.
    await vi.waitFor(() => expect(Math.max(...raw.values())).toBeGreaterThan(1));
  });

  it(
    'commits nothing as a zombie: it is shut out by its successor, in the middle of a transaction',
    ON_A_BUSY_MACHINE,
    async ({ world }) => {
      await world.appendMany(10_000, 20, 250);
      const zombie = world.relayProcess();
      await freezeInTransaction(world, zombie);
      const successor = world.relay();
      void successor.run();
      await drained(world, successor);
      await successor.stop();
      const before = zombie.lines.length;
      zombie.process.kill('SIGCONT');
      await vi.waitFor(() => expect(zombie.lines.slice(before).join()).toMatch(/starts over: kafka does not answer/), 20_000);
      await kill(zombie);
      await expectExactlyOnce(world);
    },
  );

  it('is exactly once even when two of them fight for the shard', ON_A_BUSY_MACHINE, async ({ world }) => {
    const [one, other] = [world.relay(), world.relay()];
    void one.run();
    void other.run();
    await world.appendMany(2_000, 10, 10);
    await Promise.race([drained(world, one), drained(world, other)]);
    await Promise.all([one.stop(), other.stop()]);
    await expectExactlyOnce(world);
  });
});

describe('An event that can not be published', () => {
  const metadata = { schemaVersion: 1, $correlationId: 'a', $causationId: 'b' };

  it('is parked with what its stream stores later, across restarts; everything else flows', async ({ world }) => {
    const [poisoned, sound] = [`product-${randomUUID()}`, `product-${randomUUID()}`];
    await world.append(poisoned, [listed('A')]);
    await appendRaw(world, poisoned, 'ProductPainted', { colour: 'red' }, metadata);
    await world.append(sound, [listed('B')]);
    const first = world.relay();
    void first.run();
    await drained(world, first);
    expect(first.counts).toMatchObject({ records: 2, parked: 1 });
    await first.stop();

    await world.store.append(poisoned, [listed('A')], 1);
    await world.append(sound, [listed('B')]);
    const second = world.relay();
    void second.run();
    await drained(world, second);
    expect(second.counts).toMatchObject({ records: 1, parked: 1 });
    await expectExactlyOnce(world);
  });

  it('because its data is not what its contract says is parked, too', async ({ world }) => {
    await appendRaw(world, `product-${randomUUID()}`, 'ProductListed', { sku: 7 }, metadata);
    await world.appendMany(20, 2, 10);
    const relay = world.relay();
    void relay.run();
    await drained(world, relay);
    expect(relay.counts).toMatchObject({ records: 20, parked: 1 });
    await expectExactlyOnce(world);
  });

  it('for a cause that five streams in a row had makes the relay wait, and a restart parks no more of them', async ({ world }) => {
    for (let nth = 0; nth < 8; nth++) await appendRaw(world, `product-${randomUUID()}`, 'ProductPainted', { colour: 'red' }, metadata);
    const held = {
      status: 'unknown',
      cause: expect.stringMatching(/^more than 5 streams fail with the same cause.*no contract declares an event ProductPainted/),
    };
    const first = world.relay();
    void first.run();
    await vi.waitFor(() => expect(first.state).toMatchObject(held), 20_000);
    expect(first.counts).toMatchObject({ records: 0, parked: 5 });
    await first.stop();
    const second = world.relay();
    void second.run();
    await vi.waitFor(() => expect(second.state).toMatchObject(held), 20_000);
    expect(second.counts).toMatchObject({ records: 0, parked: 0 });
  });

  it('because its schema is newer makes the relay wait and say what to do, after it has published what came before', async ({ world }) => {
    await world.appendMany(20, 2, 10);
    await appendRaw(world, `product-${randomUUID()}`, 'ProductListed', { sku: 'A' }, { ...metadata, schemaVersion: 2 });
    const relay = world.relay();
    void relay.run();
    await vi.waitFor(
      () =>
        expect(relay.state).toMatchObject({
          status: 'unknown',
          cause: expect.stringMatching(/version 2 of ProductListed.*npm run deploy/),
        }),
      10_000,
    );
    expect(relay.counts).toMatchObject({ records: 20, parked: 0 });
    await relay.stop();
    await expectExactlyOnce(world);
  });
});

describe('What a newer release has stored', () => {
  const metadata = { schemaVersion: 1, $correlationId: 'a', $causationId: 'b' };
  const at = '2026-01-01T00:00:00.000Z';
  const product = { sku: 'A', name: 'Tea', price: { amount: 1, currency: 'EUR' }, listedAt: at, brand: 'Hills' };

  it.for([
    ['a version of an event', 'ProductListed', product, 2],
    ['an event', 'ProductPraised', { sku: 'A', praisedAt: at }, 1],
  ] as const)('%s that a relay lacks waits for one of that release, and nothing is parked or lost', async (row, { world }) => {
    const [, type, data, schemaVersion] = row;
    await deploySchemas(process.env['TEST_SCHEMA_REGISTRY_URL']!, newerContracts.versions);
    await world.appendMany(20, 2, 10);
    const stream = `product-${randomUUID()}`;
    await appendRaw(world, stream, type, data, { ...metadata, schemaVersion });
    await world.appendMany(20, 2, 10);
    const older = world.relay();
    void older.run();
    const cause = expect.stringMatching(new RegExp(`${stream} has .*${type}.*npm run deploy`));
    await vi.waitFor(() => expect(older.state).toMatchObject({ status: 'unknown', cause }), 20_000);
    expect(older.counts).toMatchObject({ records: 20, parked: 0 });
    await older.stop();
    const newer = world.relay(world.shard, world.kafka, newerContracts);
    void newer.run();
    await drained(world, newer);
    expect(newer.counts).toMatchObject({ records: 21, parked: 0 });
    const published = await world.published();
    expect(published).toHaveLength(41);
    expect(published.filter((record) => record.stream === stream)).toHaveLength(1);
  });
});

/** Starts a relay, waits until it has relayed everything and stops it. */
async function relayOnce(world: World, kafka = world.kafka): Promise<Relay> {
  const relay = world.relay(world.shard, kafka);
  void relay.run();
  await drained(world, relay);
  await relay.stop();
  return relay;
}

describe('What the relay knows of its past', () => {
  const metadata = { schemaVersion: 1, $correlationId: 'a', $causationId: 'b' };

  it(
    'is read with few fetches, however much its topic has seen and however little of that is visible',
    ON_A_BUSY_MACHINE,
    async ({ world }) => {
      await world.appendMany(20, 2, 10);
      await relayOnce(world);
      const filling = { key: 'recovery', value: 'x'.repeat(1_500), partition: world.shard.statePartition };
      await world.write(
        world.shard.stateTopic,
        Array.from({ length: 20_000 }, () => filling),
        { abort: true },
      );
      await world.appendMany(20, 2, 10);
      expect((await relayOnce(world)).counts.records).toBe(20);
      const link = new KafkaLink();
      await world.appendMany(20, 2, 10);
      await relayOnce(world, link.client());
      expect(link.fetches).toBeGreaterThan(0);
      expect(link.fetches).toBeLessThan(15);
      await expectExactlyOnce(world);
    },
  );

  it('is read as a relay wrote it that kept parked events among its checkpoints', async ({ world }) => {
    const { name, routes, partitions, stateTopic, statePartition } = world.shard;
    const [poisoned, sound] = [`product-${randomUUID()}`, `product-${randomUUID()}`];
    await appendRaw(world, poisoned, 'ProductPainted', { colour: 'red' }, metadata);
    const position = String(await world.end());
    const parked = { stream: poisoned, revision: 0, id: randomUUID(), type: 'ProductPainted', position, cause: 'x' };
    await world.write(stateTopic, [
      { key: `parked/${poisoned}@0`, value: JSON.stringify(parked), partition: statePartition },
      { key: name, value: JSON.stringify({ position, last: null, routes, partitions }), partition: statePartition },
    ]);
    for (let revision = 0; revision < 3; revision++) {
      await world.store.append(poisoned, [listed('A')], revision);
      await world.append(sound, [listed('B')]);
      expect((await relayOnce(world)).counts).toMatchObject({ records: 1, parked: 1 });
    }
    await expectExactlyOnce(world);
  });

  it('does not hold a stream back whose parked events were taken back', async ({ world }) => {
    const [freed, held] = [`product-${randomUUID()}`, `product-${randomUUID()}`];
    for (const stream of [freed, held]) await appendRaw(world, stream, 'ProductPainted', { colour: 'red' }, metadata);
    expect((await relayOnce(world)).counts).toMatchObject({ records: 0, parked: 2 });
    const { parkedTopic, statePartition } = world.shard;
    await world.write(parkedTopic, [{ key: `parked/${freed}@0`, value: null, partition: statePartition }]);
    for (const stream of [freed, held]) await world.store.append(stream, [listed('A')], 0);
    expect((await relayOnce(world)).counts).toMatchObject({ records: 1, parked: 1 });
    expect((await world.published()).map(({ stream }) => stream)).toEqual([freed]);
  });
});

describe('A relay that starts over again and again', () => {
  it('leaves no listener behind', async ({ world }) => {
    const link = new KafkaLink();
    link.cut();
    const added = vi.spyOn(AbortSignal.prototype, 'addEventListener');
    const removed = vi.spyOn(AbortSignal.prototype, 'removeEventListener');
    const warn = vi.fn();
    const relay = new Relay(world.ports(world.shard, link.client()), { ...silentLogger, warn });
    void relay.run();
    await vi.waitFor(() => expect(warn.mock.calls.length).toBeGreaterThan(3), 20_000);
    // One for the pause that it is in, at most.
    expect(added.mock.calls.length - removed.mock.calls.length).toBeLessThan(2);
    await relay.stop();
    vi.restoreAllMocks();
  });
});

describe('The relay does not start', () => {
  const ranOnce = async (world: World): Promise<void> => {
    await world.appendMany(20, 2, 10);
    const relay = world.relay();
    void relay.run();
    await drained(world, relay);
    await relay.stop();
  };

  it('with another filter than that of its checkpoint, and names what changed', async ({ world }) => {
    await ranOnce(world);
    const other = world.relay({ ...world.shard, routes: { product: world.shard.routes.product! } });
    await expect(other.run()).rejects.toThrow(/streams order-\* went to topic .*-orders and are not carried any more/);
  });

  it('when its checkpoint is gone but topics have records', async ({ world }) => {
    await ranOnce(world);
    const stateTopic = `${world.shard.stateTopic}-new`;
    await askKafka(world.kafka, (admin) => admin.createTopics({ waitForLeaders: true, topics: [{ topic: stateTopic }] }));
    const other = world.relay({ ...world.shard, stateTopic });
    await expect(other.run()).rejects.toThrow(/has no checkpoint of shard test, but there are records on .*-catalog/);
    await askKafka(world.kafka, (admin) => admin.deleteTopics({ topics: [stateTopic] }));
  });

  it('on another log than the one that its checkpoint is about', async ({ world }) => {
    await ranOnce(world);
    await world.stopEventStore();
    await world.startEventStore({ empty: true });
    const relay = world.relay();
    const refused = relay.run();
    await expect(refused).rejects.toBeInstanceOf(StartRefused);
    await expect(refused).rejects.toThrow(/does not have event .*another one, or was set back/);
  });

  it('while a topic is missing or has other partitions than its contract says, but goes on when it is deployed', async ({ world }) => {
    const waiting = world.relay({ ...world.shard, partitions: { ...world.shard.partitions, [world.shard.routes.order!]: 7 } });
    void waiting.run();
    await vi.waitFor(() =>
      expect(waiting.state).toMatchObject({ cause: expect.stringMatching(/has 2 partitions and its contract says 7.*npm run deploy/) }),
    );
    await waiting.stop();
    await askKafka(world.kafka, (admin) => admin.deleteTopics({ topics: [...world.topics, ...world.stateTopics] }));
    const relay = world.relay();
    void relay.run();
    await vi.waitFor(() => expect(relay.state).toMatchObject({ cause: expect.stringMatching(/does not exist.*npm run deploy/) }));
    await vi.waitFor(() => world.createTopics(), 5_000);
    await world.appendMany(20, 2, 10);
    await drained(world, relay);
    await expectExactlyOnce(world);
  });
});

describe('When the event store is away, the relay', () => {
  it('waits, naming it, and goes on by itself when it is back', async ({ world }) => {
    await world.appendMany(100, 2, 10);
    const relay = world.relay();
    void relay.run();
    await drained(world, relay);
    await world.stopEventStore();
    await vi.waitFor(() => expect(relay.state).toMatchObject({ status: 'unknown', cause: expect.stringMatching(/^eventstore/) }), 5_000);
    await world.startEventStore();
    await vi.waitFor(() => world.store.ping(), 5_000);
    await world.appendMany(100, 2, 10);
    await drained(world, relay);
    await expectExactlyOnce(world);
  });
});

describe('When Kafka is away, the relay', () => {
  it('waits, naming it, and goes on by itself when it is back', async ({ world }) => {
    const link = new KafkaLink();
    const relay = world.relay(world.shard, link.client());
    void relay.run();
    await world.appendMany(100, 2, 10);
    await drained(world, relay);
    link.cut();
    await world.appendMany(100, 2, 10);
    await vi.waitFor(() => expect(relay.state).toMatchObject({ status: 'unknown', cause: expect.stringMatching(/^kafka/) }), 10_000);
    link.restore();
    await drained(world, relay);
    await expectExactlyOnce(world);
  });

  it('repeats nothing when a commit succeeds and the answer to it is lost', async ({ world }) => {
    const link = new KafkaLink();
    const relay = world.relay(world.shard, link.client());
    void relay.run();
    await world.appendMany(100, 2, 10);
    await drained(world, relay);
    link.losing = true;
    await world.appendMany(100, 2, 10);
    await vi.waitFor(() => expect(link.lost).toBeGreaterThan(2), 10_000);
    link.losing = false;
    await world.appendMany(100, 2, 10);
    await drained(world, relay);
    await expectExactlyOnce(world);
  });
});
