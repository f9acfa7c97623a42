import { randomUUID } from 'node:crypto';
import { type AddressInfo, connect, createServer } from 'node:net';
import { type ArgumentsHost, Catch, Controller, type ExceptionFilter, type INestMicroservice, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EventPattern, type MicroserviceOptions, Payload } from '@nestjs/microservices';
import { newerContracts } from '@orderstream/contracts/testing';
import {
  DependencyUnavailable,
  type EventBatch,
  type Logger,
  type Position,
  type Progress,
  RetryableFault,
  consumerOf,
  silentLogger,
} from '@orderstream/messaging';
import type { Kafka } from 'kafkajs';
import { type Observable, throwError } from 'rxjs';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { deploySchemas } from '../../../infra/deploy/src/schemas.ts';
import { BatchConsumer } from './batch-consumer.ts';
import { createKafka } from './client.ts';
import { SchemaRegistryCodec } from './codec.ts';
import { CommittedOffsets } from './committed-offsets.ts';
import { toRecord } from './record.ts';
import { kafkaOfTests, productListed, registryUrlOfTests, TopicOfATest } from './testing/topic-of-a-test.ts';
import { askKafka } from './topics.ts';

@Catch()
class Rethrow implements ExceptionFilter {
  catch(fault: unknown, _host: ArgumentsHost): Observable<never> {
    return throwError(() => fault);
  }
}

type Handle = (batch: EventBatch) => Promise<void>;

const running: { readonly app: INestMicroservice; readonly consumer: BatchConsumer }[] = [];
let topic: TopicOfATest;

beforeAll(() => deploySchemas(registryUrlOfTests()));

beforeEach(async () => {
  topic = await TopicOfATest.create(2);
});

afterEach(async () => {
  await Promise.all(running.splice(0).map(({ app }) => app.close()));
  await topic.delete();
});

/** Nest's type of a topic that is no literal demands a handler of anything. */
const on: (topic: string, transportId: symbol) => MethodDecorator = EventPattern;

function handlerOf(topicName: string, transportId: symbol, handle: Handle): Type {
  @Controller()
  class Handler {
    @on(topicName, transportId)
    handle(@Payload() batch: EventBatch): Promise<void> {
      return handle(batch);
    }
  }
  return Handler;
}

interface Start {
  readonly group: string;
  readonly handle: Handle;
  readonly progress?: Progress;
  readonly logger?: Logger;
  readonly rethrow?: boolean;
}

function aConsumer(kafka: Kafka, ...topics: string[]): BatchConsumer {
  const consumer = consumerOf('reaction', newGroup(), ...topics);
  return new BatchConsumer({ kafka, codec: topic.codec, consumer, progress: new CommittedOffsets(kafka), logger: silentLogger });
}

async function start({ group, handle, progress, logger = silentLogger, rethrow = true }: Start): Promise<BatchConsumer> {
  const described = consumerOf('reaction', group, topic.name);
  const kafka = kafkaOfTests(logger);
  const consumer = new BatchConsumer({
    kafka,
    codec: topic.codec,
    consumer: described,
    progress: progress ?? new CommittedOffsets(kafka),
    logger,
  });
  class Module {}
  const module = { module: Module, controllers: [handlerOf(topic.name, described.transport, handle)] };
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(module, { strategy: consumer, logger: false });
  if (rethrow) app.useGlobalFilters(new Rethrow());
  await app.listen();
  running.push({ app, consumer });
  return consumer;
}

async function stop(consumer: BatchConsumer): Promise<void> {
  const index = running.findIndex((each) => each.consumer === consumer);
  await running.splice(index, 1)[0]!.app.close();
}

const newGroup = (): string => `test-${randomUUID()}`;
const revisionsOf = (batches: readonly EventBatch[]): number[] =>
  batches.flatMap(({ records }) => records.map((record) => record.decoded?.revision ?? -1));
const patience = { timeout: 20_000, interval: 20 };
const stopAfter = async (consumer: BatchConsumer, condition: () => void): Promise<void> => {
  await vi.waitFor(condition, patience);
  await stop(consumer);
};
/** A batch may end with its last record or with the marker behind it. */
const committedBehind = (group: string, partition: number, offset: number): Promise<void> =>
  vi.waitFor(async () => expect((await topic.committed(group))[partition]).toBeGreaterThan(offset), patience);

describe('a reactor', () => {
  it('gets decoded batches in order, and commits its offset behind them', async () => {
    const group = newGroup();
    const batches: EventBatch[] = [];
    const events = [0, 1, 2].map((revision) => productListed('A', revision));
    await topic.append(0, events);
    const consumer = await start({ group, handle: async (batch) => void batches.push(batch) });

    await vi.waitFor(() => expect(revisionsOf(batches)).toEqual([0, 1, 2]), patience);
    expect(batches[0]).toMatchObject({ group, topic: topic.name, partition: 0 });
    expect(batches[0]!.records[1]!.decoded).toEqual({
      id: events[1]!.id,
      event: events[1]!.event,
      stream: 'product-A',
      revision: 1,
      recordedAt: events[1]!.recordedAt,
      correlationId: events[1]!.metadata.$correlationId,
      causationId: events[1]!.metadata.$causationId,
    });
    await committedBehind(group, 0, 2);
    // The transaction marker behind the last record is passed, too, so that nothing seems to be left.
    await vi.waitFor(
      () => expect(consumer.status().partitions).toContainEqual({ topic: topic.name, partition: 0, nextOffset: 4n, endOffset: 4n }),
      patience,
    );
  });

  it('has caught up when it has handled what was there, and not while it still has that in hand', async () => {
    const { promise: handled, resolve: finish } = Promise.withResolvers<void>();
    const inHand: EventBatch[] = [];
    await topic.append(0, [productListed('A', 0)]);
    const consumer = await start({ group: newGroup(), handle: async (batch) => (inHand.push(batch), handled) });
    expect(consumer.status().caughtUp).toBe(false);
    await vi.waitFor(() => expect(inHand).toHaveLength(1), patience);
    expect(consumer.status().caughtUp).toBe(false);
    finish();
    await vi.waitFor(() => expect(consumer.status().caughtUp).toBe(true), patience);
  });

  it('is held in one partition only while a dependency of its handler does not answer, and gets the same batch again', async () => {
    const group = newGroup();
    let isAway = true;
    const tried: EventBatch[] = [];
    const done: EventBatch[] = [];
    const handle: Handle = async (batch) => {
      tried.push(batch);
      if (batch.partition === 0 && isAway) throw new DependencyUnavailable('postgres', 'connection refused');
      done.push(batch);
    };
    await topic.append(0, [productListed('A', 0), productListed('A', 1)]);
    const consumer = await start({ group, handle });
    await vi.waitFor(() => expect(tried.length).toBeGreaterThanOrEqual(2), patience);
    expect(consumer.status().blockedBy).toContain('postgres does not answer');

    await topic.append(1, [productListed('B', 7)]);
    await vi.waitFor(() => expect(revisionsOf(done)).toEqual([7]), patience);
    await committedBehind(group, 1, 0);
    expect((await topic.committed(group))[0]).toBeNull();
    expect(consumer.status().blockedBy).toContain('postgres does not answer');

    isAway = false;
    await vi.waitFor(() => expect(revisionsOf(done)).toEqual([7, 0, 1]), patience);
    await vi.waitFor(() => expect(consumer.status().blockedBy).toBeNull(), patience);
    await committedBehind(group, 0, 1);
  });

  it('is never acknowledged when its handler fails, also where a filter of Nest hides the fault', async () => {
    const group = newGroup();
    const handle: Handle = () => Promise.reject(new Error('the handler failed'));
    await topic.append(0, [productListed('A', 0)]);

    const withoutFilter = await start({ group, handle, rethrow: false });
    await vi.waitFor(() => expect(withoutFilter.status().blockedBy).toContain('exception filter of Nest hid its fault'), patience);
    await stop(withoutFilter);
    expect(await topic.committed(group)).toEqual([null, null]);

    const errors: string[] = [];
    const withFilter = await start({ group, handle, logger: { ...silentLogger, error: (_, message) => void errors.push(message) } });
    await vi.waitFor(() => expect(withFilter.status().blockedBy).toContain('the handler failed'), patience);
    expect(errors).toEqual(['the partition is held until this is repaired']);
    await stop(withFilter);
    expect(await topic.committed(group)).toEqual([null, null]);

    const batches: EventBatch[] = [];
    await start({ group, handle: async (batch) => void batches.push(batch) });
    await vi.waitFor(() => expect(revisionsOf(batches)).toEqual([0]), patience);
  });

  it('goes on after a restart where it committed', async () => {
    const group = newGroup();
    const first: EventBatch[] = [];
    await topic.append(0, [productListed('A', 0)]);
    const before = await start({ group, handle: async (batch) => void first.push(batch) });
    await committedBehind(group, 0, 0);
    await stop(before);

    const second: EventBatch[] = [];
    await topic.append(0, [productListed('A', 1)]);
    await start({ group, handle: async (batch) => void second.push(batch) });
    await vi.waitFor(() => expect(revisionsOf(second)).toEqual([1]), patience);
  });

  it('finishes the batch in hand before it stops', async () => {
    const group = newGroup();
    const begun = Promise.withResolvers<void>();
    const mayEnd = Promise.withResolvers<void>();
    await topic.append(0, [productListed('A', 0)]);
    const consumer = await start({
      group,
      handle: () => {
        begun.resolve();
        return mayEnd.promise;
      },
    });
    await begun.promise;
    const stopped = stop(consumer);
    mayEnd.resolve();
    await stopped;
    await committedBehind(group, 0, 0);
  });

  it('goes on with its other partitions while one handler takes long', async () => {
    const group = newGroup();
    const batches: EventBatch[] = [];
    const slow = Promise.withResolvers<void>();
    const handle: Handle = async (batch) => {
      batches.push(batch);
      if (batch.partition === 0 && !isOver) await slow.promise;
    };
    let isOver = false;
    await topic.append(0, [productListed('A', 0)]);
    const consumer = await start({ group, handle });
    await vi.waitFor(() => expect(revisionsOf(batches)).toEqual([0]), patience);
    await topic.append(1, [productListed('B', 7)]);
    await committedBehind(group, 1, 0);
    await topic.append(0, [productListed('A', 1)]);

    expect((await topic.committed(group))[0]).toBeNull();
    isOver = true;
    slow.resolve();
    await committedBehind(group, 0, 2);
    expect(revisionsOf(batches.filter(({ partition }) => partition === 0))).toEqual([0, 1]);
    await vi.waitFor(() => expect(consumer.status().caughtUp).toBe(true), patience);
  });

  it('ends what takes long before it stops, and commits behind it', async () => {
    const group = newGroup();
    const [slow, isSlow] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const other: EventBatch[] = [];
    const handle: Handle = async (batch) => {
      if (batch.partition === 1) {
        other.push(batch);
        return;
      }
      isSlow.resolve();
      await slow.promise;
    };
    await topic.append(0, [productListed('A', 0)]);
    const consumer = await start({ group, handle });
    await isSlow.promise;
    await topic.append(1, [productListed('B', 7)]);
    await vi.waitFor(() => expect(other).toHaveLength(1), patience);
    const stopping = stop(consumer);
    slow.resolve();
    await stopping;
    expect((await topic.committed(group))[0]).toBeGreaterThan(0);
  });

  it('keeps its place in the group while a handler takes longer than the session', async () => {
    const group = newGroup();
    const mayEnd = Promise.withResolvers<void>();
    let calls = 0;
    await topic.append(0, [productListed('A', 0)]);
    await start({
      group,
      handle: async () => {
        calls += 1;
        await mayEnd.promise;
      },
    });
    await vi.waitFor(() => expect(calls).toBe(1), patience);
    const begunMs = performance.now();
    await vi.waitFor(() => expect(performance.now() - begunMs).toBeGreaterThan(8_000), { timeout: 10_000, interval: 100 });
    mayEnd.resolve();
    await committedBehind(group, 0, 0);
    // Put out of its group it could not have committed, and would have got the batch again.
    expect(calls).toBe(1);
  });
});

/** Rows and positions as a projector keeps them in one transaction; a stale position is refused. */
class InMemoryProjection implements Progress {
  readonly applied: { readonly partition: number; readonly revision: number; readonly by: string }[] = [];
  readonly positions = new Map<number, Position>();
  /** Batches of members that had not loaded their position. */
  readonly tooEarly: string[] = [];
  loads = 0;
  readonly #known = new Map<string, bigint>();
  #loading: Promise<void> = Promise.resolve();

  /** Makes every further load wait. */
  holdLoads(until: Promise<void>): void {
    this.#loading = until;
  }

  storeFor(member: string): Progress {
    return {
      load: async (group, topicName, partitions) => {
        const positions = await this.load(group, topicName, partitions);
        for (const partition of partitions) this.#known.set(`${member} ${partition}`, this.positions.get(partition)?.nextOffset ?? 0n);
        return positions;
      },
      handled: () => this.handled(),
    };
  }

  /** `apply` has moved the position. */
  async handled(): Promise<void> {}

  async load(_group: string, _topic: string, partitions: readonly number[]): Promise<readonly Position[]> {
    this.loads += 1;
    await this.#loading;
    return [...this.positions.values()].filter(({ partition }) => partitions.includes(partition));
  }

  apply(member: string, { partition, records, nextOffset }: EventBatch): void {
    const key = `${member} ${partition}`;
    if (!this.#known.has(key)) this.tooEarly.push(key);
    if (this.#known.get(key) !== (this.positions.get(partition)?.nextOffset ?? 0n)) throw new RetryableFault('the position is stale');
    for (const { decoded } of records) this.applied.push({ partition, revision: decoded!.revision, by: member });
    const last = records.at(-1)!;
    this.positions.set(partition, { partition, nextOffset, last: { offset: last.offset, eventId: last.decoded!.id } });
    this.#known.set(key, nextOffset);
  }
}

describe('a projector', () => {
  const startProjector = (projection: InMemoryProjection, group: string, member = 'member'): Promise<BatchConsumer> =>
    start({ group, progress: projection.storeFor(member), handle: async (batch) => projection.apply(member, batch) });
  const revisions = (projection: InMemoryProjection): number[] => projection.applied.map(({ revision }) => revision);

  it('goes on behind its own position, whatever offset the group has committed', async () => {
    const group = newGroup();
    await topic.append(
      0,
      [0, 1, 2].map((revision) => productListed('A', revision)),
    );
    const projection = new InMemoryProjection();
    await stopAfter(await startProjector(projection, group), () => expect(revisions(projection)).toEqual([0, 1, 2]));
    expect(await topic.committed(group)).toEqual([null, null]);

    await askKafka(topic.kafka, (admin) =>
      admin.setOffsets({
        groupId: group,
        topic: topic.name,
        partitions: [
          { partition: 0, offset: '5' },
          { partition: 1, offset: '5' },
        ],
      }),
    );
    await topic.append(0, [productListed('A', 3)]);
    await topic.append(1, [productListed('B', 9)]);
    await stopAfter(await startProjector(projection, group), () => expect(revisions(projection).toSorted()).toEqual([0, 1, 2, 3, 9]));

    projection.positions.clear();
    projection.applied.length = 0;
    await startProjector(projection, group);
    await vi.waitFor(() => expect(revisions(projection).toSorted()).toEqual([0, 1, 2, 3, 9]), patience);
  });

  it('reads its position again after a failure, for the transaction may have been committed all the same', async () => {
    const projection = new InMemoryProjection();
    let failures = 0;
    await topic.append(0, [productListed('A', 0)]);
    await start({
      group: newGroup(),
      progress: projection.storeFor('member'),
      handle: async (batch) => {
        projection.apply('member', batch);
        failures += 1;
        if (failures === 1) throw new DependencyUnavailable('postgres', 'the connection was lost after COMMIT');
      },
    });
    await vi.waitFor(() => expect(failures).toBe(1), patience);
    await topic.append(0, [productListed('A', 1)]);
    await vi.waitFor(() => expect(revisions(projection)).toEqual([0, 1]), patience);
  });

  it('waits for its positions, and says for what', async () => {
    const projection = new InMemoryProjection();
    let isAway = true;
    await topic.append(0, [productListed('A', 0)]);
    const store = projection.storeFor('member');
    const consumer = await start({
      group: newGroup(),
      handle: async (batch) => projection.apply('member', batch),
      progress: {
        ...store,
        load: async (...at) => (isAway ? Promise.reject(new DependencyUnavailable('postgres', 'refused')) : store.load(...at)),
      },
    });
    await vi.waitFor(() => expect(consumer.status().blockedBy).toContain('postgres does not answer'), patience);
    isAway = false;
    await vi.waitFor(() => expect(revisions(projection)).toEqual([0]), patience);
    await vi.waitFor(() => expect(consumer.status().blockedBy).toBeNull(), patience);
  });

  it('says that its topic was recreated, and applies nothing of it', async () => {
    const group = newGroup();
    const projection = new InMemoryProjection();
    await topic.append(0, [productListed('A', 0), productListed('A', 1)]);
    await stopAfter(await startProjector(projection, group), () => expect(revisions(projection)).toEqual([0, 1]));

    await topic.recreate(2);
    const shorter = await startProjector(projection, group);
    await vi.waitFor(() => expect(shorter.status().blockedBy).toContain('truncated or recreated: it ends at offset 0'), patience);
    await stop(shorter);

    await topic.append(
      0,
      [2, 3, 4, 5].map((revision) => productListed('A', revision)),
    );
    const errors: string[] = [];
    const longer = await start({
      group,
      progress: projection.storeFor('member'),
      handle: async (batch) => projection.apply('member', batch),
      logger: { ...silentLogger, error: (_, message) => void errors.push(message) },
    });
    await vi.waitFor(
      () => expect(longer.status().blockedBy).toContain(`was recreated: event ${projection.positions.get(0)!.last!.eventId}`),
      patience,
    );
    expect(errors).toEqual(['the partition is held until this is repaired']);
    expect(revisions(projection)).toEqual([0, 1]);
  });

  it('says so, too, when its topic is recreated while it runs', async () => {
    const projection = new InMemoryProjection();
    await topic.append(
      0,
      [0, 1, 2, 3].map((revision) => productListed('A', revision)),
    );
    const consumer = await startProjector(projection, newGroup());
    await vi.waitFor(() => expect(revisions(projection)).toEqual([0, 1, 2, 3]), patience);
    await topic.recreate(2);
    await topic.append(0, [productListed('A', 7)]);
    await vi.waitFor(() => expect(consumer.status().blockedBy).toMatch(/was (truncated or )?recreated/), patience);
    expect(revisions(projection)).toEqual([0, 1, 2, 3]);
  });

  it('says that its topic was truncated', async () => {
    const group = newGroup();
    const projection = new InMemoryProjection();
    await topic.append(
      0,
      [0, 1, 2].map((revision) => productListed('A', revision)),
    );
    await askKafka(topic.kafka, async (admin) => {
      await admin.fetchTopicOffsets(topic.name);
      await admin.deleteTopicRecords({ topic: topic.name, partitions: [{ partition: 0, offset: '2' }] });
    });
    const consumer = await startProjector(projection, group);
    await vi.waitFor(() => expect(consumer.status().blockedBy).toContain('it begins at offset 2, and offset 0 is needed'), patience);
    expect(projection.applied).toEqual([]);
  });

  it('applies every event once while members come and go, none before it has sought its place', async () => {
    const group = newGroup();
    const projection = new InMemoryProjection();
    const byPartition = (partition: number): number[] =>
      projection.applied.filter((each) => each.partition === partition).map(({ revision }) => revision);
    let next = 0;
    const appendSome = async (): Promise<void> => {
      for (const partition of [0, 1])
        await topic.append(
          partition,
          [next, next + 1].map((revision) => productListed('A', revision)),
        );
      next += 2;
    };
    await appendSome();
    const first = await startProjector(projection, group, 'first');
    await vi.waitFor(() => expect(projection.applied).toHaveLength(4), patience);

    // The second member's group join ends with its positions not loaded: it must not read anything yet.
    const mayLoad = Promise.withResolvers<void>();
    const loads = projection.loads;
    projection.holdLoads(mayLoad.promise);
    const second = await startProjector(projection, group, 'second');
    await vi.waitFor(() => expect(projection.loads).toBeGreaterThanOrEqual(loads + 2), patience);
    await appendSome();
    const before = projection.applied.length;
    await vi.waitFor(() => expect(second.status().partitions).toHaveLength(1), patience);
    expect(projection.applied).toHaveLength(before);
    mayLoad.resolve();
    await vi.waitFor(() => expect(projection.applied).toHaveLength(2 * next), patience);
    expect(new Set(projection.applied.slice(before).map(({ by }) => by))).toEqual(new Set(['first', 'second']));

    await stop(first);
    await appendSome();
    await vi.waitFor(() => expect(projection.applied).toHaveLength(2 * next), patience);
    for (const partition of [0, 1]) expect(byPartition(partition)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(projection.tooEarly).toEqual([]);
  });
});

describe('records that can not be read', () => {
  it('reach the handler with their cause, and the others with their event', async () => {
    const batches: EventBatch[] = [];
    const sound = toRecord(productListed('A', 0), topic.codec);
    const value = sound.value as Buffer;
    const unknownSchema = Buffer.from(value);
    unknownSchema.writeInt32BE(2_000_000_000, 1);
    await topic.appendMessages([
      { ...sound, partition: 0 },
      { ...sound, partition: 0, value: '{"not":"avro"}' },
      { ...sound, partition: 0, value: unknownSchema },
      { ...sound, partition: 0, value: value.subarray(0, -3) },
      { ...sound, partition: 0, headers: {} },
      { ...toRecord(productListed('B', 5), topic.codec), partition: 0 },
    ]);
    await start({ group: newGroup(), handle: async (batch) => void batches.push(batch) });
    await vi.waitFor(() => expect(batches.flatMap(({ records }) => records)).toHaveLength(6), patience);
    const records = batches.flatMap((batch) => batch.records);
    expect(records.map((record) => record.undecodable ?? record.decoded!.revision)).toEqual([
      0,
      expect.stringContaining('no magic byte'),
      expect.stringContaining('no schema with id 2000000000'),
      expect.stringContaining('truncated'),
      'header ce_id is missing',
      5,
    ]);
    expect(records[1]).toMatchObject({ stream: 'product-A', offset: 1n, value: Buffer.from('{"not":"avro"}') });
    expect(records[1]!.headers['ce_type']).toBe('ProductListed');
  });

  it('of a type that only another release has, and has registered for the topic, are passed over by name', async () => {
    const { schema, subject, version } = newerContracts.version('ProductPraised', 1)!;
    await deploySchemas(registryUrlOfTests(), [
      ...newerContracts.versions,
      { subject: subject.replace('catalog-', `${topic.name}-`), version, schema },
    ]);
    const newer = new SchemaRegistryCodec(registryUrlOfTests(), newerContracts);
    await newer.load();
    const listed = productListed('A', 1);
    const praised = { ...listed, event: { type: 'ProductPraised', data: { sku: 'A', praisedAt: listed.recordedAt } } };
    const strange = toRecord(praised, newer);
    await topic.appendMessages([
      { ...toRecord(productListed('A', 0), topic.codec), partition: 0 },
      { ...strange, partition: 0 },
      { ...strange, partition: 0, headers: {} },
      { ...toRecord(productListed('A', 2), topic.codec), partition: 0 },
    ]);
    const batches: EventBatch[] = [];
    await start({ group: newGroup(), handle: async (batch) => void batches.push(batch) });
    await vi.waitFor(() => expect(batches.flatMap(({ records }) => records)).toHaveLength(4), patience);
    const records = batches.flatMap((batch) => batch.records);
    expect(records.map(({ decoded, passedOver, undecodable }) => undecodable ?? passedOver ?? decoded.revision)).toEqual([
      0,
      { type: 'ProductPraised', stream: 'product-A', revision: 1 },
      'header ce_id is missing',
      2,
    ]);
  });

  it('are not delivered at all when their transaction was aborted', async () => {
    const batches: EventBatch[] = [];
    const group = newGroup();
    await topic.append(0, [productListed('A', 0)]);
    await topic.append(0, [productListed('A', 1)], 'abort');
    const consumer = await start({ group, handle: async (batch) => void batches.push(batch) });
    await topic.append(0, [productListed('A', 1), productListed('A', 2)]);
    await topic.append(0, [productListed('A', 3)], 'abort');
    await vi.waitFor(() => expect(revisionsOf(batches)).toEqual([0, 1, 2]), patience);
    await vi.waitFor(
      () => expect(consumer.status().partitions).toContainEqual({ topic: topic.name, partition: 0, nextOffset: 9n, endOffset: 9n }),
      patience,
    );
  });
});

describe('a consumer', () => {
  it('starts at once without Kafka, says that it is away, and stops', async () => {
    const kafka = createKafka({ clientId: 'test', brokers: ['127.0.0.1:1'], logger: silentLogger });
    const consumer = aConsumer(kafka, 'orders');
    consumer.addHandler('orders', async () => {}, true);
    await new Promise<void>((resolve) => consumer.listen(() => resolve()));
    await vi.waitFor(() => expect(consumer.status().blockedBy).toContain('kafka does not answer'), patience);
    await consumer.close();
  });

  it('joins its group when Kafka comes later than itself', async () => {
    const [host, port] = process.env['TEST_KAFKA_BROKERS']!.split(':');
    const proxy = createServer((socket) => {
      const upstream = connect(Number(port), host);
      socket.on('error', () => upstream.destroy());
      upstream.on('error', () => socket.destroy());
      socket.pipe(upstream).pipe(socket);
    });
    const listen = (at: number): Promise<void> => new Promise((resolve) => proxy.listen(at, '127.0.0.1', resolve));
    await listen(0);
    const { port: free } = proxy.address() as AddressInfo;
    await new Promise((resolve) => proxy.close(resolve));

    const batches: EventBatch[] = [];
    await topic.append(0, [productListed('A', 0)]);
    const kafka = createKafka({ clientId: 'test', brokers: [`127.0.0.1:${free}`], logger: silentLogger });
    const consumer = aConsumer(kafka, topic.name);
    consumer.addHandler(topic.name, async (batch) => void batches.push(batch), true);
    consumer.listen(() => {});
    try {
      await vi.waitFor(() => expect(consumer.status().blockedBy).toContain('kafka does not answer'), patience);
      await listen(free);
      await vi.waitFor(() => expect(revisionsOf(batches)).toEqual([0]), patience);
      expect(consumer.status().blockedBy).toBeNull();
    } finally {
      await consumer.close();
      proxy.close();
    }
  });

  it('waits for a topic that is missing, and names the step that makes it', async () => {
    const missing = `missing-${randomUUID()}`;
    const consumer = aConsumer(kafkaOfTests(), missing);
    consumer.addHandler(missing, async () => {}, true);
    consumer.listen(() => {});
    await vi.waitFor(() => expect(consumer.status().blockedBy).toContain('does not exist: run `npm run deploy`'), patience);
    await consumer.close();
  });

  it('refuses an application in which nobody handles one of its topics', async () => {
    const consumer = aConsumer(kafkaOfTests(), 'orders', 'payments');
    consumer.addHandler('payments', async () => {}, true);
    const app = await NestFactory.createMicroservice<MicroserviceOptions>({ module: class {} }, { strategy: consumer, logger: false });
    await expect(app.listen()).rejects.toThrow(/^no method has an @EventPattern for orders in the group /);
    expect(consumer.status().blockedBy).toBe('it was not started');
    await app.close();
  });
});
