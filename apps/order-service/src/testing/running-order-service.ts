import { randomUUID } from 'node:crypto';
import type { EventOf, EventOn } from '@orderstream/contracts';
import { derivedId, type StoredEvent } from '@orderstream/event-sourcing';
import { EventStoreDb } from '@orderstream/eventstoredb';
import { createKafka } from '@orderstream/kafka';
import type { EventBatch } from '@orderstream/messaging';
import { personalDataMigrations } from '@orderstream/personal-data';
import { migrate, Projections } from '@orderstream/postgres';
import { createLogger, parseConfig, type RunningService, startService } from '@orderstream/service';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, vi } from 'vitest';
import { deployTopics, plannedTopics } from '../../../../infra/deploy/src/topics.ts';
import { orderServiceConfig } from '../config.ts';
import { migrations } from '../migrations/index.ts';
import { orderDemandProjection } from '../order-demand.projection.ts';
import { OrderFulfilmentReactor } from '../order-fulfilment.reactor.ts';
import { orderPriceProjection } from '../order-price.projection.ts';
import { OrderServiceModule } from '../order-service.module.ts';
import { orderSummaryProjection } from '../order-summary.projection.ts';
import type { Recipient } from '../order.api.ts';

// One order service on the real servers, with databases of its own: for the specs of this service that import this file.

const adminUrl = process.env['TEST_DATABASE_URL']!;
const unique = randomUUID().replaceAll('-', '');
export const databases = { orders: `order_service_${unique}`, keys: `personal_data_${unique}` };
export const urlTo = (database: string): string => Object.assign(new URL(adminUrl), { pathname: `/${database}` }).toString();
export const store = new EventStoreDb(process.env['TEST_EVENTSTORE_URL']!);

export async function sql<Row extends object>(database: string, text: string, values: unknown[] = []): Promise<Row[]> {
  const client = new Client(database);
  await client.connect();
  try {
    return (await client.query<Row>(text, values)).rows;
  } finally {
    await client.end();
  }
}

export function start(environment: Record<string, string> = {}): Promise<RunningService> {
  const config = parseConfig(orderServiceConfig, {
    PORT: '0',
    LOG_LEVEL: 'fatal',
    EVENTSTORE_URL: process.env['TEST_EVENTSTORE_URL']!,
    KAFKA_BROKERS: process.env['TEST_KAFKA_BROKERS']!,
    SCHEMA_REGISTRY_URL: process.env['TEST_SCHEMA_REGISTRY_URL']!,
    DATABASE_URL: urlTo(databases.orders),
    PERSONAL_DATA_DATABASE_URL: urlTo(databases.keys),
    ...environment,
  });
  const logger = createLogger('order-service', config);
  return startService({ name: 'order-service', config, logger, module: OrderServiceModule.with(config, logger) });
}

export let service: RunningService;
/** Where this test's own deliveries lie: partitions that Kafka does not have. */
let offset = 0n;
const PARTITION = 1_000;

/** Another spec may be creating them at this moment. */
async function deployedTopics(): Promise<void> {
  const logger = createLogger('deploy', { LOG_LEVEL: 'fatal' });
  const brokers = process.env['TEST_KAFKA_BROKERS']!.split(',');
  const admin = createKafka({ clientId: 'deploy', brokers, logger }).admin();
  await admin.connect();
  await vi.waitFor(() => deployTopics(admin, plannedTopics, 1), { timeout: 30_000, interval: 200 });
  await admin.disconnect();
}

beforeAll(async () => {
  await deployedTopics();
  for (const database of Object.values(databases)) await sql(adminUrl, `CREATE DATABASE ${database}`);
  await migrate({ url: urlTo(databases.orders), ownerRole: new URL(adminUrl).username, migrations });
  for (const migration of personalDataMigrations) await sql(urlTo(databases.keys), migration.sql);
  service = await start();
  const projections = service.app.get(Projections);
  for (const topic of ['orders', 'payments', 'shipments']) await projections.load('order-summary', topic, [PARTITION]);
  await projections.load('order-demand', 'orders', [PARTITION]);
  await projections.load('order-price-list', 'catalog', [PARTITION]);
  await listed('TEA', 450);
  await listed('CUP', 990);
  await listed('MUG', 1_200, 'USD');
  await listed('MOON', Number.MAX_SAFE_INTEGER);
  await listed('HAT', 2_500);
  await toPrices({ type: 'ProductDelisted', data: { sku: skuOf('HAT'), delistedAt: now() } }, 1);
});

afterAll(async () => {
  await service.stop();
  await store.dispose();
  for (const database of Object.values(databases)) await sql(adminUrl, `DROP DATABASE ${database} WITH (FORCE)`);
});

export const now = (): string => new Date().toISOString();
export const skuOf = (name: string): string => `${name}-${unique.slice(0, 8)}`;

export function batchOf<Event>(
  group: string,
  topic: string,
  facts: readonly Pick<StoredEvent, 'id' | 'event' | 'stream' | 'revision'>[],
): EventBatch<Event> {
  const records = facts.map(({ id, event, stream, revision }) => {
    const decoded = { id, event: event as Event, stream, revision, recordedAt: now(), correlationId: 'flow', causationId: 'cause' };
    return { stream, offset: offset++, value: null, headers: {}, decoded };
  });
  return { group, topic, partition: PARTITION, records, nextOffset: offset };
}

export async function toPrices(event: EventOf<'product'>, revision: number): Promise<void> {
  const fact = { id: randomUUID(), event, stream: `product-${event.data.sku}`, revision };
  await service.app.get(Projections).run(batchOf('order-price-list', 'catalog', [fact]), orderPriceProjection);
}

export const listed = (name: string, amount: number, currency = 'EUR'): Promise<void> =>
  toPrices({ type: 'ProductListed', data: { sku: skuOf(name), name, price: { amount, currency }, listedAt: now() } }, 0);

export async function eventsOf(orderId: string): Promise<StoredEvent<EventOf<'order'>>[]> {
  return (await Array.fromAsync(store.read(`order-${orderId}`))) as StoredEvent<EventOf<'order'>>[];
}

/** What relay and Kafka do: facts of the order's stream to the projections. */
export async function toReadModels(orderId: string, fromRevision = 0): Promise<void> {
  const facts = (await eventsOf(orderId)).slice(fromRevision);
  const projections = service.app.get(Projections);
  await projections.run(batchOf('order-summary', 'orders', facts), orderSummaryProjection);
  await projections.run(batchOf('order-demand', 'orders', facts), orderDemandProjection);
}

/** The same for the streams of its payment and its shipment, from a revision on. */
export async function toStatuses(events: readonly (EventOf<'payment'> | EventOf<'shipment'>)[], fromRevision = 0): Promise<void> {
  for (const [index, event] of events.entries()) {
    const category = event.type.startsWith('Payment') ? 'payment' : 'shipment';
    const fact = { id: randomUUID(), event, stream: `${category}-${event.data.orderId}`, revision: fromRevision + index };
    await service.app.get(Projections).run(batchOf('order-summary', `${category}s`, [fact]), orderSummaryProjection);
  }
}

/** What the other services announce. The same fact has the same id, however often it comes. */
export async function announce(event: EventOn<'inventory'> | EventOn<'payments'> | EventOn<'shipments'>): Promise<void> {
  const reactor = service.app.get(OrderFulfilmentReactor);
  const { orderId } = event.data as { orderId: string };
  const fact = { id: derivedId(orderId, event.type), event, stream: `any-${orderId}`, revision: 0 };
  if (event.type.startsWith('Payment')) await reactor.onPayments(batchOf('order-fulfilment', 'payments', [fact]));
  else if (event.type.startsWith('Shipment')) await reactor.onShipments(batchOf('order-fulfilment', 'shipments', [fact]));
  else await reactor.onInventory(batchOf('order-fulfilment', 'inventory', [fact]));
}

export const recipient: Recipient = {
  name: 'Ada Lovelace',
  street: 'St James’s Square 12',
  city: 'London',
  postalCode: 'SW1Y 4JH',
  country: 'GB',
};

export function order(changes: object = {}): Record<string, unknown> {
  const lines = [
    { sku: skuOf('TEA'), quantity: 3 },
    { sku: skuOf('CUP'), quantity: 1 },
  ];
  return { customerId: randomUUID(), lines, paymentMethod: 'pm_card', recipient, ...changes };
}

export const post = (body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${service.url}/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
export const get = (path: string): Promise<Response> => fetch(`${service.url}${path}`);
export const json = async <Body>(response: Response | Promise<Response>): Promise<Body> => (await (await response).json()) as Body;

interface ProblemBody {
  readonly type: string;
  readonly errors?: { readonly field: string }[];
}

export async function problemOf(response: Response): Promise<[number, string, string[]]> {
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  const { type, errors = [] } = await json<ProblemBody>(response);
  return [response.status, type.replace('urn:orderstream:problem:', ''), errors.map(({ field }) => field)];
}
