import { randomUUID } from 'node:crypto';
import { type ArgumentsHost, Catch, Controller, type ExceptionFilter, type INestMicroservice, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EventPattern, type MicroserviceOptions, Payload } from '@nestjs/microservices';
import { DependencyUnavailable, type EventBatch, type Position, type PositionStore } from '@orderstream/messaging';
import { type Observable, throwError } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BatchConsumer } from './batch-consumer.ts';
import type { Logger } from './client.ts';
import { kafkaOfTests, productListed, silent, TopicOfATest } from './testing/topic-of-a-test.ts';

@Catch()
class Rethrow implements ExceptionFilter {
  catch(fault: unknown, _host: ArgumentsHost): Observable<never> {
    return throwError(() => fault);
  }
}

type Handle = (batch: EventBatch) => Promise<void>;

const running: { readonly app: INestMicroservice; readonly consumer: BatchConsumer }[] = [];
let topic: TopicOfATest;

beforeEach(async () => {
  topic = await TopicOfATest.create(2);
});

afterEach(async () => {
  await Promise.all(running.splice(0).map(({ app }) => app.close()));
  await topic.delete();
});

function handlerOf(topicName: string, transportId: symbol, handle: Handle): Type {
  @Controller()
  class Handler {
    @EventPattern<string>(topicName, transportId)
    on(@Payload() batch: EventBatch): Promise<void> {
      return handle(batch);
    }
  }
  return Handler;
}

interface Start {
  readonly group: string;
  readonly handle: Handle;
  readonly positions?: PositionStore;
  readonly logger?: Logger;
  readonly rethrow?: boolean;
}

async function start({ group, handle, positions, logger = silent, rethrow = true }: Start): Promise<BatchConsumer> {
  const transportId = Symbol(group);
  const consumer = new BatchConsumer({
    kafka: kafkaOfTests(logger),
    codec: topic.codec,
    group,
    transportId,
    logger,
    ...(positions === undefined ? {} : { positions }),
  });
  class Module {}
  const module = { module: Module, controllers: [handlerOf(topic.name, transportId, handle)] };
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
/** A batch may end with its last record or with the marker behind it. */
const committedBehind = (group: string, partition: number, offset: number): Promise<void> =>
  vi.waitFor(async () => expect((await topic.committed(group))[partition]).toBeGreaterThan(offset), patience);
const joined = (consumer: BatchConsumer): Promise<void> =>
  vi.waitFor(() => expect(consumer.status()).toMatchObject({ blockedBy: null, partitions: [{}, {}] }), patience);

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
    await vi.waitFor(() => expect(consumer.status().partitions).toContainEqual({ topic: topic.name, partition: 0, nextOffset: 4n, endOffset: 4n }), patience);
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
    const withFilter = await start({ group, handle, logger: { ...silent, error: (_, message) => void errors.push(message) } });
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

  it('keeps its place in the group while a handler takes longer than the session', async () => {
    const group = newGroup();
    const mayEnd = Promise.withResolvers<void>();
    let calls = 0;
    let beats = 0;
    await topic.append(0, [productListed('A', 0)]);
    await start({
      group,
      handle: async () => {
        calls += 1;
        await mayEnd.promise;
      },
      logger: { ...silent, debug: (_, message) => void (message === 'x' && (beats += 1)) },
    });
    await vi.waitFor(() => expect(calls).toBe(1), patience);
    const begunMs = performance.now();
    // A second member can be joined to the group only when the coordinator still knows the first.
    await vi.waitFor(() => expect(performance.now() - begunMs).toBeGreaterThan(8_000), { timeout: 10_000, interval: 100 });
    mayEnd.resolve();
    await committedBehind(group, 0, 0);
    expect({ calls, beats }).toEqual({ calls: 1, beats: 0 });
  });
});
