import { Logger } from '@nestjs/common';
import { consumerGroups } from '@orderstream/acceptance/consumers';
import { type EventOf, contracts } from '@orderstream/contracts';
import type { StoredEvent } from '@orderstream/event-sourcing';
import { type EventBatch, Projector, readModelsGroup } from '@orderstream/messaging';
import { batchOf } from '@orderstream/messaging/testing';
import { PaymentAttemptsProcess } from '@orderstream/payment-service/payment-attempts.process';
import { relayed } from '@orderstream/platform/testing';
import {
  Database,
  isProjection,
  type Migration,
  PostgresProcessTable,
  PostgresProjectionStore,
  type Transaction,
} from '@orderstream/postgres';
import { createScratchDatabase, runSql } from '@orderstream/postgres/testing';
import { type ServiceName, servicesWith } from '@orderstream/services';
import { ShipmentTasksProcess } from '@orderstream/shipping-service/shipment-tasks.process';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { simulate } from './world.ts';

const adminUrl = process.env['TEST_DATABASE_URL']!;
const nobody = { wake: () => {} } as never;
const PARTITION = 0;
/** An order of two products that everything goes well with. */
const COURSE = /Placed Accepted Paid Shipped Delivered$/;

/** Everything that happened to one order, and before it the receipts of its products. */
async function ofOneOrder(): Promise<StoredEvent[]> {
  for (let seed = 1; ; seed++) {
    const { events } = await simulate({ seed, steps: 2_000, orders: 6 });
    for (const { event, stream } of events as StoredEvent<EventOf<'order'>>[]) {
      if (event.type !== 'OrderPlaced' || event.data.lines.length !== 2) continue;
      const { orderId } = event.data;
      const told = events.filter((each) => each.stream === stream).map((each) => each.event.type.slice('Order'.length));
      if (!COURSE.test(told.join(' '))) continue;
      const stock = event.data.lines.map(({ sku }) => `stock-${sku}`);
      const receipts = stock.map((name) => events.find((each) => each.stream === name && each.event.type === 'StockReceived')!);
      const own = events.filter((each) => 'orderId' in each.event.data && each.event.data.orderId === orderId);
      return renumbered([...receipts, ...own]);
    }
  }
}

/** As if nothing else had happened to these streams. */
function renumbered(events: readonly StoredEvent[]): StoredEvent[] {
  const next = new Map<string, number>();
  return events.map((each) => {
    const revision = next.get(each.stream) ?? 0;
    next.set(each.stream, revision + 1);
    return { ...each, revision };
  });
}

/** What is made of events in a service's database, each as a batch of its own; resolves to the transactions that took. */
async function transactionsOf(service: ServiceName, events: readonly StoredEvent[]): Promise<number> {
  const { migrations } = (await import(`@orderstream/${service}/migrations`)) as { readonly migrations: readonly Migration[] };
  const scratch = await createScratchDatabase(adminUrl, migrations);
  const database = new Database({ url: scratch.url });
  const own = consumerGroups.filter((each) => each.service === service);
  const models = own.map(({ consumer }) => consumer).filter(isProjection);
  const group = readModelsGroup(service);
  const projector = new Projector<Transaction>(new PostgresProjectionStore(database), { group, models });
  const attempts = new PaymentAttemptsProcess(projector, new PostgresProcessTable(database, 'payment_attempt', 'order_id'), nobody, {
    deadlineMs: 1_000,
  });
  const tasks = new ShipmentTasksProcess(projector, new PostgresProcessTable(database, 'shipment_task', 'order_id'), nobody, {
    dispatchDeadlineMs: 1_000,
    automaticCarrierMs: undefined,
  });
  const handlers: Readonly<Record<string, (batch: EventBatch<never>) => Promise<void>>> = {
    [group]: (batch) => projector.take(batch),
    'payment-attempts': (batch) => (batch.topic === 'orders' ? attempts.onOrders(batch) : attempts.onShipments(batch)),
    'shipment-tasks': (batch) => tasks.onShipments(batch),
  };
  const topicsOf = new Map<string, readonly string[]>([
    [group, models.flatMap(({ topics }) => topics)],
    ...own.flatMap(({ consumer }) => (consumer.kind === 'process' ? [[consumer.name, consumer.topics] as const] : [])),
  ]);
  for (const [consumer, topics] of topicsOf) for (const topic of new Set(topics)) await projector.load(consumer, topic, [PARTITION]);
  for (const stored of events) {
    const { topic } = contracts.of(stored.event.type)!;
    for (const [consumer, topics] of topicsOf) {
      if (!topics.includes(topic)) continue;
      await handlers[consumer]!(batchOf({ group: consumer, topic, partition: PARTITION }, [relayed(stored)]) as EventBatch<never>);
    }
  }
  await projector.write();
  expect(await runSql(scratch.url, 'SELECT cause FROM parked_event')).toEqual([]);
  await database.close();
  // A connection tells its statistics when it ends.
  const databaseName = new URL(scratch.url).pathname.slice(1);
  await vi.waitFor(
    async () => expect(await runSql(adminUrl, 'SELECT FROM pg_stat_activity WHERE datname = $1', [databaseName])).toEqual([]),
    10_000,
  );
  const [row] = await runSql<{ commits: string }>(adminUrl, 'SELECT xact_commit AS commits FROM pg_stat_database WHERE datname = $1', [
    databaseName,
  ]);
  await scratch.drop();
  return Number(row!.commits);
}

beforeAll(() => Logger.overrideLogger(false));
afterAll(() => void vi.useRealTimers());

it('Two products that are ordered, paid and delivered take few transactions, event by event', async () => {
  const events = await ofOneOrder();
  const receipts = events.filter(({ event }) => event.type === 'StockReceived');
  // Positions that are written later are written at the end, however slow this machine is.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const counts: Record<string, number> = {};
  for (const service of servicesWith('DATABASE_URL')) {
    // Postgres may tidy up meanwhile, in transactions of its own.
    const least = async (some: readonly StoredEvent[]): Promise<number> =>
      Math.min(await transactionsOf(service, some), await transactionsOf(service, some));
    counts[service] = (await least(events)) - (await least(receipts));
  }
  // One for each event that changes a row, and one in payment for the positions of those that lead to no work.
  expect(counts).toMatchObject({
    'order-service': 5 + 3 + 3,
    'inventory-service': 6,
    'payment-service': 3 + 2 + 1,
    'shipping-service': 3 + 3,
  });
});
