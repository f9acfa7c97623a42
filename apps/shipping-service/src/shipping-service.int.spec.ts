import { randomUUID } from 'node:crypto';
import { type EventOn, type OrderPaid, checkEvent } from '@orderstream/contracts';
import type { StoredEvent } from '@orderstream/event-sourcing';
import { EventStoreDb } from '@orderstream/eventstoredb';
import type { DeliveredEvent, EventBatch } from '@orderstream/messaging';
import { PersonalData, personalDataMigrations } from '@orderstream/personal-data';
import { Database, Projections, migrate } from '@orderstream/postgres';
import { type RunningService, createLogger, parseConfig, startService } from '@orderstream/service';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shippingServiceConfig } from './config.ts';
import { DispatchesByDayProjection } from './dispatches-by-day.projection.ts';
import { migrations } from './migrations/index.ts';
import { ShipmentSchedulingReactor } from './shipment-scheduling.reactor.ts';
import { ShipmentProjection } from './shipment.projection.ts';
import { ShippingServiceModule } from './shipping-service.module.ts';

const adminUrl = process.env['TEST_DATABASE_URL']!;
const unique = randomUUID().replaceAll('-', '');
const databases = { shipping: `shipping_service_${unique}`, keys: `personal_data_${unique}` };
const urlTo = (database: string): string => Object.assign(new URL(adminUrl), { pathname: `/${database}` }).toString();
const store = new EventStoreDb(process.env['TEST_EVENTSTORE_URL']!);
const admin = new Database({ url: adminUrl, poolSize: 1 });
const keys = new Database({ url: urlTo(databases.keys), poolSize: 1 });
const orderService = new PersonalData(urlTo(databases.keys));
let service: RunningService;

beforeAll(async () => {
  for (const database of Object.values(databases)) await admin.query(`CREATE DATABASE ${database}`);
  await migrate({ url: urlTo(databases.shipping), ownerRole: new URL(adminUrl).username, migrations });
  for (const { sql } of personalDataMigrations) await keys.query(sql);
  const config = parseConfig(shippingServiceConfig, {
    PORT: '0',
    LOG_LEVEL: 'fatal',
    EVENTSTORE_URL: process.env['TEST_EVENTSTORE_URL'],
    // Batches are handed to reactors and projections by the test, so that only its own events count.
    KAFKA_BROKERS: '127.0.0.1:1',
    SCHEMA_REGISTRY_URL: process.env['TEST_SCHEMA_REGISTRY_URL'],
    DATABASE_URL: urlTo(databases.shipping),
    PERSONAL_DATA_DATABASE_URL: urlTo(databases.keys),
  });
  const name = 'shipping-service';
  const logger = createLogger(name, config);
  service = await startService({ name, config, logger, module: ShippingServiceModule.with(config, logger) });
});
afterAll(async () => {
  await service.stop();
  await Promise.all([store.dispose(), orderService.close(), keys.close()]);
  for (const database of Object.values(databases)) await admin.query(`DROP DATABASE ${database} WITH (FORCE)`);
  await admin.close();
});

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly etag: string | null;
}

async function call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(`${service.url}${path}`, {
    method,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>), etag: response.headers.get('etag') };
}

const problem = (slug: string): string => `urn:orderstream:problem:${slug}`;
const recipient = { name: 'Ada', street: '1 Market Street', city: 'Turin', postalCode: '10100', country: 'IT' };
const details = { carrier: 'Blue Van', trackingNumber: 'BV-1' };
const shipmentEvents = async (orderId: string): Promise<StoredEvent[]> => Array.fromAsync(store.read(`shipment-${orderId}`));
const typesOf = async (orderId: string): Promise<string[]> => (await shipmentEvents(orderId)).map(({ event }) => event.type);

function paidEvent(orderPaid: OrderPaid): DeliveredEvent<EventOn<'orders'>> {
  checkEvent('OrderPaid', orderPaid);
  return {
    id: randomUUID(),
    event: { type: 'OrderPaid', data: orderPaid },
    stream: `order-${orderPaid.orderId}`,
    revision: 2,
    recordedAt: orderPaid.paidAt,
    correlationId: randomUUID(),
    causationId: randomUUID(),
  };
}

function batchOf<Event>(group: string, topic: string, events: readonly DeliveredEvent<Event>[], partition = 0): EventBatch<Event> {
  const records = events.map((decoded, offset) => ({ stream: decoded.stream, offset: BigInt(offset), value: null, headers: {}, decoded }));
  return { group, topic, partition, records, nextOffset: BigInt(records.length) };
}

const deliverPaid = (events: readonly DeliveredEvent<EventOn<'orders'>>[]): Promise<void> =>
  service.app.get(ShipmentSchedulingReactor).onOrders(batchOf('shipment-scheduling', 'orders', events));

/** What the relay would bring of these shipments, into both read models. */
async function project(...orderIds: readonly string[]): Promise<void> {
  const stored = (await Promise.all(orderIds.map(shipmentEvents))).flat();
  const events = stored.map(({ id, event, stream, revision, recordedAt, metadata }): DeliveredEvent<EventOn<'shipments'>> => ({
    id,
    event: event as EventOn<'shipments'>,
    stream,
    revision,
    recordedAt,
    correlationId: metadata.$correlationId,
    causationId: metadata.$causationId,
  }));
  const partition = Math.floor(Math.random() * 2 ** 31);
  const projections = service.app.get(Projections);
  await projections.load('shipment', 'shipments', [partition]);
  await projections.load('dispatches-by-day', 'shipments', [partition]);
  await service.app.get(ShipmentProjection).onShipments(batchOf('shipment', 'shipments', events, partition));
  await service.app.get(DispatchesByDayProjection).onShipments(batchOf('dispatches-by-day', 'shipments', events, partition));
}

/** A shipment that was scheduled because its order was paid; resolves to the event that said so. */
async function scheduled(): Promise<{ orderId: string; customerId: string; paid: DeliveredEvent<EventOn<'orders'>> }> {
  const [orderId, customerId] = [randomUUID(), randomUUID()];
  const sealed = await orderService.seal(customerId, recipient);
  const paid = paidEvent({ orderId, customerId, lines: [{ sku: 'TEA', quantity: 2 }], recipient: sealed, paidAt: new Date().toISOString() });
  await deliverPaid([paid]);
  return { orderId, customerId, paid };
}

const dispatch = (orderId: string, ifMatch: string): Promise<Answer> => call('POST', `/shipments/${orderId}/dispatch`, details, { 'if-match': ifMatch });
const deliver = (orderId: string, ifMatch: string): Promise<Answer> => call('POST', `/shipments/${orderId}/delivery`, undefined, { 'if-match': ifMatch });

describe('A shipment', () => {
  it('is scheduled when the order is paid, leaves, and arrives', async () => {
    const { orderId, customerId } = await scheduled();
    await project(orderId);
    expect(await call('GET', `/shipments/${orderId}`)).toMatchObject({
      status: 200,
      etag: '"0"',
      body: { orderId, revision: 0, status: 'scheduled', customerId, lines: [{ sku: 'TEA', quantity: 2 }], recipient, recipientErased: false, carrier: null, dispatchedAt: null },
    });
    expect(await dispatch(orderId, '"0"')).toMatchObject({ status: 200, etag: '"1"', body: { orderId, revision: 1, status: 'dispatched' } });
    expect(await deliver(orderId, '"1"')).toMatchObject({ status: 200, etag: '"2"', body: { status: 'delivered' } });
    expect(await typesOf(orderId)).toEqual(['ShipmentScheduled', 'ShipmentDispatched', 'ShipmentDelivered']);
  });

  it('is scheduled once, however often its order’s payment is delivered', async () => {
    const { orderId, paid } = await scheduled();
    await Promise.all([deliverPaid([paid]), deliverPaid([paid, paid])]);
    await dispatch(orderId, '*');
    await deliverPaid([paid]);
    expect(await typesOf(orderId)).toEqual(['ShipmentScheduled', 'ShipmentDispatched']);
    const [first] = await shipmentEvents(orderId);
    expect(first!.metadata).toMatchObject({ $causationId: paid.id, $correlationId: paid.correlationId });
  });

  it('leaves and arrives in one row, and counts once for its day', async () => {
    const [one, two] = [await scheduled(), await scheduled()];
    const day = new Date().toISOString().slice(0, 10);
    const dispatches = async (): Promise<number> => {
      const rows = await service.app.get(Database).query<{ dispatches: string }>('SELECT dispatches FROM dispatches_by_day WHERE day = $1', [day]);
      return Number(rows[0]?.dispatches ?? 0);
    };
    const before = await dispatches();
    await dispatch(one.orderId, '*');
    await dispatch(two.orderId, '*');
    await deliver(two.orderId, '*');
    await project(one.orderId, two.orderId);
    expect(await call('GET', `/shipments/${one.orderId}`)).toMatchObject({ etag: '"1"', body: { status: 'dispatched', ...details, deliveredAt: null } });
    const { body, etag } = await call('GET', `/shipments/${two.orderId}`);
    expect({ ...body, etag }).toMatchObject({ status: 'delivered', etag: '"2"', recipient, ...details });
    expect(body['deliveredAt']).toMatch(/Z$/);
    expect(await dispatches()).toBe(before + 2);
  });

  it('is not changed in its row by a fact that comes again: that is set aside', async () => {
    const { orderId } = await scheduled();
    await dispatch(orderId, '*');
    await project(orderId);
    const before = await call('GET', `/shipments/${orderId}`);
    await project(orderId);
    expect(await call('GET', `/shipments/${orderId}`)).toEqual(before);
    const parked = await service.app.get(Database).query('SELECT 1 FROM parked_event WHERE group_name = $1 AND stream = $2', ['shipment', `shipment-${orderId}`]);
    expect(parked).toHaveLength(2);
  });

  it('that nobody scheduled is not known', async () => {
    const orderId = randomUUID();
    for (const answer of [await call('GET', `/shipments/${orderId}`), await dispatch(orderId, '*'), await dispatch(orderId, '"0"'), await deliver(orderId, '*')]) {
      expect(answer).toMatchObject({ status: 404, body: { type: problem('not-found') } });
    }
    expect(await shipmentEvents(orderId)).toEqual([]);
  });

  it('is changed only by who knows its revision', async () => {
    const { orderId } = await scheduled();
    expect(await call('POST', `/shipments/${orderId}/dispatch`, details)).toMatchObject({ status: 428 });
    expect(await call('POST', `/shipments/${orderId}/delivery`)).toMatchObject({ status: 428 });
    expect(await dispatch(orderId, '"3"')).toMatchObject({ status: 412, etag: '"0"', body: { currentETag: '"0"' } });
    expect(await dispatch(orderId, 'W/"0"')).toMatchObject({ status: 400 });
    const both = await Promise.all([dispatch(orderId, '"0"'), dispatch(orderId, '"0"')]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 412]);
  });

  it('goes no way that its state does not allow', async () => {
    const { orderId } = await scheduled();
    expect(await deliver(orderId, '*')).toMatchObject({ status: 409, body: { type: problem('state-conflict') } });
    expect(await dispatch(orderId, '*')).toMatchObject({ status: 200 });
    expect(await dispatch(orderId, '*')).toMatchObject({ status: 200, etag: '"1"' });
    const otherwise = await call('POST', `/shipments/${orderId}/dispatch`, { ...details, trackingNumber: 'BV-2' }, { 'if-match': '*' });
    expect(otherwise).toMatchObject({ status: 409 });
  });

  it.each([
    ['no carrier', { trackingNumber: 'T1' }, 'carrier'],
    ['an empty tracking number', { carrier: 'DHL', trackingNumber: '' }, 'trackingNumber'],
    ['a field that nobody knows', { ...details, weight: 3 }, 'weight'],
  ])('is not dispatched with %s', async (_what, body, field) => {
    const { orderId } = await scheduled();
    const answer = await call('POST', `/shipments/${orderId}/dispatch`, body, { 'if-match': '*' });
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ field }] } });
    expect(await typesOf(orderId)).toEqual(['ShipmentScheduled']);
    expect(await call('GET', '/shipments/1')).toMatchObject({ status: 400, body: { errors: [{ field: 'orderId' }] } });
  });

  it('forgets where it goes when the customer is erased', async () => {
    const { orderId, customerId } = await scheduled();
    await project(orderId);
    await keys.query('DELETE FROM customer_key WHERE customer_id = $1', [customerId]);
    expect(await call('GET', `/shipments/${orderId}`)).toMatchObject({ status: 200, body: { recipient: null, recipientErased: true, customerId } });
  });
});

it('the API describes itself', async () => {
  const { body } = await call('GET', '/openapi.json');
  expect(Object.keys(body['paths'] as object).sort()).toEqual([
    '/shipments/{orderId}', '/shipments/{orderId}/delivery', '/shipments/{orderId}/dispatch',
  ]);
});

it('readiness names the consumers that wait for the broker; the process lives', async () => {
  await expect.poll(async () => JSON.stringify((await call('GET', '/health/ready')).body)).toContain('shipment-scheduling');
  expect((await call('GET', '/health/live')).status).toBe(200);
});
