import { randomUUID } from 'node:crypto';
import {
  type DeliveredEvent,
  type EventBatch,
  type Logger,
  type Progress,
  Projector,
  consumerOf,
  react,
  silentLogger,
} from '@orderstream/messaging';
import { Database, ParkingTable, PostgresProjectionStore, type Transaction, migrate, platformTables } from '@orderstream/postgres';
import { type ScratchDatabase, createScratchDatabase } from '@orderstream/postgres/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { deploySchemas } from '../../../infra/deploy/src/schemas.ts';
import { BatchConsumer } from './batch-consumer.ts';
import { CommittedOffsets } from './committed-offsets.ts';
import { kafkaOfTests, productListed, registryUrlOfTests, TopicOfATest } from './testing/topic-of-a-test.ts';

const patience = { timeout: 30_000, interval: 50 };
let scratch: ScratchDatabase;
let database: Database;
let topic: TopicOfATest;

beforeAll(async () => {
  await deploySchemas(registryUrlOfTests());
  scratch = await createScratchDatabase(process.env['TEST_DATABASE_URL']!);
  await migrate({ url: scratch.url, ownerRole: 'postgres', migrations: [platformTables] });
  database = new Database({ url: scratch.url });
});
beforeEach(async () => void (topic = await TopicOfATest.create(1)));
afterEach(() => topic.delete());
afterAll(async () => {
  await database.close();
  await scratch.drop();
});

/** A mistake that a build has, and the next one does not. */
class Build {
  isBroken = true;
  readonly done = new Set<string>();
  readonly handle = async (events: readonly DeliveredEvent[]): Promise<void> => {
    if (this.isBroken) throw new TypeError(`Cannot read properties of undefined (reading '${events[0]!.stream}')`);
    for (const { stream } of events) this.done.add(stream);
  };
}

describe('A consumer whose code fails on everything', () => {
  const projector = (): Projector<Transaction> => new Projector(new PostgresProjectionStore(database), { group: 'shared', models: [] });
  it.each<[string, () => { readonly progress: Progress; readonly deliver: (batch: EventBatch, build: Build) => Promise<void> }]>([
    [
      'a reactor',
      () => ({
        progress: new CommittedOffsets(kafkaOfTests()),
        deliver: (batch, build) => react(batch, new ParkingTable(database), build.handle),
      }),
    ],
    [
      'a projector',
      () => {
        const progress = projector();
        return { progress, deliver: (batch, build) => progress.project(batch, (_, events) => build.handle(events)) };
      },
    ],
  ])('holds, says so, and goes on when it works again: %s', async (_, begin) => {
    const group = `test-${randomUUID()}`;
    const lines: string[] = [];
    const logger: Logger = {
      ...silentLogger,
      warn: (_details, message) => void lines.push(message),
      error: (_details, message) => void lines.push(message),
    };
    const build = new Build();
    const { progress, deliver } = begin();
    const consumer = new BatchConsumer({
      kafka: kafkaOfTests(),
      codec: topic.codec,
      consumer: consumerOf('reaction', group, topic.name),
      progress,
      logger,
    });
    consumer.addHandler(topic.name, (batch) => deliver(batch, build), true);
    const parked = async (): Promise<number> => (await database.query('SELECT FROM parked_event WHERE group_name = $1', [group])).length;
    try {
      consumer.listen(() => {});
      const skus = Array.from({ length: 8 }, (_each, nth) => `${group}-${nth}`);
      for (const [nth, sku] of skus.entries()) {
        await topic.append(0, [productListed(sku, 0)]);
        // One by one, as events come; the sixth is where it holds.
        if (nth < 5) await vi.waitFor(async () => expect(await parked()).toBe(nth + 1), patience);
      }
      await vi.waitFor(
        () =>
          expect(consumer.status().blockedBy).toMatch(/^partition 0 of .*: more than 5 streams fail with the same cause within 100 events/),
        patience,
      );
      expect(lines).toEqual(['the partition is held until this is repaired']);
      build.isBroken = false;
      await vi.waitFor(() => expect([...build.done]).toEqual(skus.slice(5).map((sku) => `product-${sku}`)), patience);
      await vi.waitFor(() => expect(consumer.status()).toMatchObject({ blockedBy: null, caughtUp: true }), patience);
      expect(await parked()).toBe(5);
    } finally {
      await consumer.close();
    }
  });
});
