import { randomUUID } from 'node:crypto';
import type { EventOf, EventOn } from '@orderstream/contracts';
import { derivedId, type StoredEvent } from '@orderstream/event-sourcing';
import { askKafka, createKafka } from '@orderstream/kafka';
import { silentLogger } from '@orderstream/messaging';
import { delivered } from '@orderstream/messaging/testing';
import { personalDataMigrations } from '@orderstream/personal-data';
import { type Answer, relayed, serviceUnderTest } from '@orderstream/platform/testing';
import { databaseOfSpec } from '@orderstream/postgres/testing';
import { vi } from 'vitest';
import { deployTopics, plannedTopics } from '../../../../infra/deploy/src/topics.ts';
import { orderServiceConfig } from '../config.ts';
import { orderFulfilment } from '../consumers.ts';
import { migrations } from '../migrations/index.ts';
import { OrderServiceModule } from '../order-service.module.ts';
import type { OrderView, Recipient } from '../order.api.ts';

// One order service on the real servers, Kafka too, with products on sale: for the specs of this service that import this file.

const KAFKA_BROKERS = process.env['TEST_KAFKA_BROKERS']!;
const kafka = createKafka({ clientId: 'deploy', brokers: KAFKA_BROKERS.split(','), logger: silentLogger });
// Another spec may be creating them at this moment.
await vi.waitFor(() => askKafka(kafka, (admin) => deployTopics(admin, plannedTopics, 1)), { timeout: 30_000, interval: 200 });

export const keys = await databaseOfSpec(personalDataMigrations);
export const { service, start, eventsIn, typesIn, sql } = await serviceUnderTest({
  name: 'order-service',
  config: orderServiceConfig,
  module: OrderServiceModule,
  migrations,
  environment: { KAFKA_BROKERS, PERSONAL_DATA_DATABASE_URL: keys },
});
export const { call } = service;

export const now = (): string => new Date().toISOString();
const unique = randomUUID().slice(0, 8);
export const skuOf = (name: string): string => `${name}-${unique}`;

export const toPrices = (event: EventOf<'product'>, revision: number): Promise<void> =>
  service.project([delivered(event, { stream: `product-${event.data.sku}`, revision })]);

export const listed = (name: string, amount: number, currency = 'EUR'): Promise<void> =>
  toPrices({ type: 'ProductListed', data: { sku: skuOf(name), name, price: { amount, currency }, listedAt: now() } }, 0);

await listed('TEA', 450);
await listed('CUP', 990);
await listed('MUG', 1_200, 'USD');
await listed('MOON', Number.MAX_SAFE_INTEGER);
await listed('HAT', 2_500);
await toPrices({ type: 'ProductDelisted', data: { sku: skuOf('HAT'), delistedAt: now() } }, 1);

export const eventsOf = (orderId: string): Promise<StoredEvent<EventOf<'order'>>[]> => eventsIn(`order-${orderId}`);

export async function toReadModels(orderId: string, fromRevision = 0): Promise<void> {
  const events = (await eventsOf(orderId)).slice(fromRevision).map(relayed);
  await service.project(events);
}

/** The same for the streams of its payment and its shipment, from a revision on. */
export async function toStatuses(events: readonly (EventOf<'payment'> | EventOf<'shipment'>)[], fromRevision = 0): Promise<void> {
  for (const [index, event] of events.entries()) {
    const category = event.type.startsWith('Payment') ? 'payment' : 'shipment';
    const relayedEvent = delivered(event, { stream: `${category}-${event.data.orderId}`, revision: fromRevision + index });
    await service.project([relayedEvent]);
  }
}

/** What the other services announce. The same event has the same id, however often it comes. */
export async function announce(event: EventOn<'inventory'> | EventOn<'payments'> | EventOn<'shipments'>): Promise<void> {
  const { orderId } = event.data as { orderId: string };
  await service.deliver([delivered(event, { id: derivedId(orderId, event.type), stream: `any-${orderId}` })], orderFulfilment);
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

export const post = (body: unknown, headers?: Record<string, string>): Promise<Answer<OrderView>> => call('POST', '/orders', body, headers);
export const get = <Body = OrderView>(path: string): Promise<Answer<Body>> => call('GET', path);
/** A new order's first answer. */
export const placed = async (changes: object = {}): Promise<OrderView> => (await post(order(changes))).body;
