import { randomUUID } from 'node:crypto';
import { type EventNamed, type EventOn, contracts } from '@orderstream/contracts';
import type { DeliveredEvent } from '@orderstream/messaging';
import { delivered } from '@orderstream/messaging/testing';
import { PersonalData, personalDataMigrations } from '@orderstream/personal-data';
import { type Answer, problem, relayed, serviceUnderTest } from '@orderstream/platform/testing';
import { databaseOfSpec, runSql } from '@orderstream/postgres/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { shippingServiceConfig } from './config.ts';
import { shipmentScheduling, shipmentTasks } from './consumers.ts';
import { migrations } from './migrations/index.ts';
import { ShippingServiceModule } from './shipping-service.module.ts';

const keys = await databaseOfSpec(personalDataMigrations);
const { service, start, eventsIn, typesIn, sql } = await serviceUnderTest({
  name: 'shipping-service',
  config: shippingServiceConfig,
  module: ShippingServiceModule,
  migrations,
  environment: { PERSONAL_DATA_DATABASE_URL: keys },
});
const { call } = service;
const orderService = new PersonalData(keys);
afterAll(() => orderService.close());

const erase = (customerId: string): Promise<unknown> => runSql(keys, 'DELETE FROM customer_key WHERE customer_id = $1', [customerId]);
const recipient = { name: 'Ada', street: '1 Market Street', city: 'Turin', postalCode: '10100', country: 'IT' };
const details = { carrier: 'Blue Van', trackingNumber: 'BV-1' };
const typesOf = (orderId: string): Promise<string[]> => typesIn(`shipment-${orderId}`);

function ofOrder(event: EventNamed<'OrderPaid' | 'OrderCancellationRequested'>): DeliveredEvent<EventOn<'orders'>> {
  contracts.check(event.type, event.data);
  return delivered(event, { stream: `order-${event.data.orderId}`, correlationId: randomUUID() });
}

const hear = (events: readonly DeliveredEvent<EventOn<'orders'>>[]): Promise<void> => service.deliver(events, shipmentScheduling);

/** What the relay would bring of these shipments. */
const factsOf = async (...orderIds: readonly string[]): Promise<DeliveredEvent[]> =>
  (await Promise.all(orderIds.map((orderId) => eventsIn(`shipment-${orderId}`)))).flat().map(relayed);

/** Brings it into both read models. */
const project = async (...orderIds: readonly string[]): Promise<void> => service.project(await factsOf(...orderIds));

/** A shipment that was scheduled because its order was paid; resolves to the event that said so. */
async function scheduled(
  paidAt = new Date().toISOString(),
  to = recipient,
): Promise<{ orderId: string; customerId: string; paid: DeliveredEvent<EventOn<'orders'>> }> {
  const [orderId, customerId] = [randomUUID(), randomUUID()];
  const sealed = await orderService.seal(customerId, to);
  const paid = ofOrder({
    type: 'OrderPaid',
    data: { orderId, customerId, lines: [{ sku: 'TEA', quantity: 2 }], recipient: sealed, paidAt },
  });
  await hear([paid]);
  return { orderId, customerId, paid };
}

const unwanted = (orderId: string): DeliveredEvent<EventOn<'orders'>> =>
  ofOrder({ type: 'OrderCancellationRequested', data: { orderId, requestedAt: new Date().toISOString() } });

const dispatch = (orderId: string, ifMatch: string): Promise<Answer> =>
  call('POST', `/shipments/${orderId}/dispatch`, details, { 'if-match': ifMatch });
const deliver = (orderId: string, ifMatch: string): Promise<Answer> =>
  call('POST', `/shipments/${orderId}/delivery`, undefined, { 'if-match': ifMatch });
const takeBack = (orderId: string, ifMatch: string): Promise<Answer> =>
  call('POST', `/shipments/${orderId}/return`, undefined, { 'if-match': ifMatch });

describe('A shipment', () => {
  it('is scheduled when the order is paid, leaves, and arrives', async () => {
    const { orderId, customerId } = await scheduled();
    await project(orderId);
    expect(await call('GET', `/shipments/${orderId}`)).toMatchObject({
      status: 200,
      etag: '"0"',
      body: {
        orderId,
        revision: 0,
        status: 'scheduled',
        customerId,
        lines: [{ sku: 'TEA', quantity: 2 }],
        recipient,
        recipientErased: false,
        carrier: null,
        dispatchedAt: null,
      },
    });
    expect(await dispatch(orderId, '"0"')).toMatchObject({
      status: 200,
      etag: '"1"',
      body: { orderId, revision: 1, status: 'dispatched' },
    });
    expect(await deliver(orderId, '"1"')).toMatchObject({ status: 200, etag: '"2"', body: { status: 'delivered' } });
    expect(await typesOf(orderId)).toEqual(['ShipmentScheduled', 'ShipmentDispatched', 'ShipmentDelivered']);
  });

  it('is scheduled once, however often its order’s payment is delivered', async () => {
    const { orderId, paid } = await scheduled();
    await Promise.all([hear([paid]), hear([paid, paid])]);
    await dispatch(orderId, '*');
    await hear([paid]);
    expect(await typesOf(orderId)).toEqual(['ShipmentScheduled', 'ShipmentDispatched']);
    const [first] = await eventsIn(`shipment-${orderId}`);
    expect(first!.metadata).toMatchObject({ $causationId: paid.id, $correlationId: paid.correlationId });
  });

  it('leaves and arrives in one row, and counts once for its day', async () => {
    const [one, two] = [await scheduled(), await scheduled()];
    const day = new Date().toISOString().slice(0, 10);
    const dispatches = async (): Promise<number> => {
      const rows = await sql<{ dispatches: string }>('SELECT dispatches FROM dispatches_by_day WHERE day = $1', [day]);
      return Number(rows[0]?.dispatches ?? 0);
    };
    const before = await dispatches();
    await dispatch(one.orderId, '*');
    await dispatch(two.orderId, '*');
    await deliver(two.orderId, '*');
    await project(one.orderId, two.orderId);
    expect(await call('GET', `/shipments/${one.orderId}`)).toMatchObject({
      etag: '"1"',
      body: { status: 'dispatched', ...details, deliveredAt: null },
    });
    const { body, etag } = await call('GET', `/shipments/${two.orderId}`);
    expect({ ...body, etag }).toMatchObject({ status: 'delivered', etag: '"2"', recipient, ...details });
    expect(body['deliveredAt']).toMatch(/Z$/);
    expect(await dispatches()).toBe(before + 2);
  });

  it('is not changed in its row by an event that comes again: that is set aside', async () => {
    const { orderId } = await scheduled();
    await dispatch(orderId, '*');
    await project(orderId);
    const before = await call('GET', `/shipments/${orderId}`);
    await project(orderId);
    expect(await call('GET', `/shipments/${orderId}`)).toEqual(before);
    const parked = await sql('SELECT 1 FROM parked_event WHERE group_name = $1 AND stream = $2', ['shipment', `shipment-${orderId}`]);
    expect(parked).toHaveLength(2);
  });

  it('that nobody scheduled is not known', async () => {
    const orderId = randomUUID();
    for (const answer of [
      await call('GET', `/shipments/${orderId}`),
      await dispatch(orderId, '*'),
      await dispatch(orderId, '"0"'),
      await deliver(orderId, '*'),
      await takeBack(orderId, '*'),
    ]) {
      expect(answer).toMatchObject({ status: 404, body: { type: problem('not-found') } });
    }
    expect(await eventsIn(`shipment-${orderId}`)).toEqual([]);
  });

  it('is changed only by who knows its revision', async () => {
    const { orderId } = await scheduled();
    expect(await call('POST', `/shipments/${orderId}/dispatch`, details)).toMatchObject({ status: 428 });
    expect(await call('POST', `/shipments/${orderId}/delivery`)).toMatchObject({ status: 428 });
    expect(await call('POST', `/shipments/${orderId}/return`)).toMatchObject({ status: 428 });
    expect(await takeBack(orderId, '"3"')).toMatchObject({ status: 412, etag: '"0"' });
    expect(await dispatch(orderId, '"3"')).toMatchObject({ status: 412, etag: '"0"', body: { currentETag: '"0"' } });
    expect(await dispatch(orderId, 'W/"0"')).toMatchObject({ status: 412, etag: '"0"' });
    expect(await dispatch(orderId, '0')).toMatchObject({ status: 400 });
    const both = await Promise.all([dispatch(orderId, '"0"'), dispatch(orderId, '"0"')]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 412]);
  });

  it('goes no way that its state does not allow', async () => {
    const { orderId } = await scheduled();
    const refused = (detail: string) => ({ status: 409, body: { type: problem('state-conflict'), detail } });
    expect(await deliver(orderId, '*')).toMatchObject(refused('The goods have not left yet'));
    expect(await takeBack(orderId, '*')).toMatchObject(refused('The goods have not left yet'));
    expect(await dispatch(orderId, '*')).toMatchObject({ status: 200 });
    expect(await dispatch(orderId, '*')).toMatchObject({ status: 200, etag: '"1"' });
    const otherwise = await call('POST', `/shipments/${orderId}/dispatch`, { ...details, trackingNumber: 'BV-2' }, { 'if-match': '*' });
    expect(otherwise).toMatchObject(refused('The goods have left already, with other details'));
    await deliver(orderId, '*');
    expect(await takeBack(orderId, '*')).toMatchObject(refused('The goods have been delivered already'));

    const { orderId: back } = await scheduled();
    await dispatch(back, '*');
    await takeBack(back, '*');
    expect(await deliver(back, '*')).toMatchObject(refused('The goods have come back already'));

    const { orderId: off } = await scheduled();
    await hear([unwanted(off)]);
    for (const answer of [await dispatch(off, '*'), await deliver(off, '*'), await takeBack(off, '*')]) {
      expect(answer).toMatchObject(refused('The shipment is cancelled: the goods must not leave'));
    }
    expect(await typesOf(off)).toEqual(['ShipmentScheduled', 'ShipmentCancelled']);
  });

  it('that the customer wants no more does not leave', async () => {
    const { orderId, paid } = await scheduled();
    const wish = unwanted(orderId);
    await hear([wish]);
    await hear([paid, wish]);
    const [, cancelled, ...rest] = await eventsIn(`shipment-${orderId}`);
    expect(cancelled).toMatchObject({
      event: { type: 'ShipmentCancelled', data: { orderId, reason: 'CUSTOMER' } },
      metadata: { $causationId: wish.id, $correlationId: wish.correlationId },
    });
    expect(rest).toEqual([]);
    await project(orderId);
    const { body, etag } = await call('GET', `/shipments/${orderId}`);
    expect({ ...body, etag }).toMatchObject({
      status: 'cancelled',
      etag: '"1"',
      cancellationReason: 'CUSTOMER',
      recipient,
      dispatchedAt: null,
      recalledAt: null,
      returnedAt: null,
    });
    expect(body['cancelledAt']).toMatch(/Z$/);
  });

  it('that is paid for and unwanted in one batch does not leave', async () => {
    const [orderId, customerId] = [randomUUID(), randomUUID()];
    const sealed = await orderService.seal(customerId, recipient);
    await hear([
      ofOrder({
        type: 'OrderPaid',
        data: { orderId, customerId, lines: [{ sku: 'TEA', quantity: 1 }], recipient: sealed, paidAt: new Date().toISOString() },
      }),
      unwanted(orderId),
    ]);
    expect(await typesOf(orderId)).toEqual(['ShipmentScheduled', 'ShipmentCancelled']);
  });

  it('that has left is recalled, and comes back', async () => {
    const { orderId } = await scheduled();
    await dispatch(orderId, '*');
    const wish = unwanted(orderId);
    await Promise.all([hear([wish]), hear([wish])]);
    expect(await dispatch(orderId, '*')).toMatchObject({ status: 200, etag: '"2"', body: { status: 'recalled' } });
    expect(await takeBack(orderId, '"2"')).toMatchObject({ status: 200, etag: '"3"', body: { orderId, revision: 3, status: 'returned' } });
    expect(await takeBack(orderId, '*')).toMatchObject({ status: 200, etag: '"3"' });
    await hear([wish]);
    expect(await typesOf(orderId)).toEqual(['ShipmentScheduled', 'ShipmentDispatched', 'ShipmentRecalled', 'ShipmentReturned']);
    expect((await eventsIn(`shipment-${orderId}`)).at(-1)!.event.data).toMatchObject({ orderId, lines: [{ sku: 'TEA', quantity: 2 }] });
    await project(orderId);
    const { body } = await call('GET', `/shipments/${orderId}`);
    expect(body).toMatchObject({ status: 'returned', ...details, deliveredAt: null, cancelledAt: null, cancellationReason: null });
    expect([body['recalledAt'], body['returnedAt']]).toEqual([expect.stringMatching(/Z$/), expect.stringMatching(/Z$/)]);
  });

  it('that nobody takes comes back without having been recalled', async () => {
    const { orderId } = await scheduled();
    await dispatch(orderId, '*');
    await takeBack(orderId, '"1"');
    expect(await typesOf(orderId)).toEqual(['ShipmentScheduled', 'ShipmentDispatched', 'ShipmentReturned']);
  });

  it('that arrives in spite of its recall is delivered', async () => {
    const { orderId } = await scheduled();
    await dispatch(orderId, '*');
    await hear([unwanted(orderId)]);
    expect(await deliver(orderId, '"2"')).toMatchObject({ status: 200, body: { status: 'delivered' } });
    await hear([unwanted(orderId)]);
    expect(await typesOf(orderId)).toEqual(['ShipmentScheduled', 'ShipmentDispatched', 'ShipmentRecalled', 'ShipmentDelivered']);
    await project(orderId);
    const { body } = await call('GET', `/shipments/${orderId}`);
    expect(body).toMatchObject({ status: 'delivered', returnedAt: null });
    expect(body['recalledAt']).not.toBeNull();
  });

  it.each([
    ['no carrier', { trackingNumber: 'T1' }, 'carrier'],
    ['an empty tracking number', { carrier: 'DHL', trackingNumber: '' }, 'trackingNumber'],
    ['half a surrogate pair in its carrier', { ...details, carrier: 'D\udc00L' }, 'carrier'],
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
    await erase(customerId);
    expect(await call('GET', `/shipments/${orderId}`)).toMatchObject({
      status: 200,
      body: { recipient: null, recipientErased: true, customerId },
    });
  });
});

describe('Shipments', () => {
  const listed = async (query: string): Promise<Record<string, unknown>[]> => {
    const found: Record<string, unknown>[] = [];
    for (let cursor = ''; ;) {
      const { status, body } = await call('GET', `/shipments?${query}${cursor}`);
      expect(status).toBe(200);
      found.push(...(body['shipments'] as Record<string, unknown>[]));
      if (typeof body['nextCursor'] !== 'string') return found;
      cursor = `&cursor=${body['nextCursor']}`;
    }
  };

  it('are found page by page, the one that has waited longest first, each with its recipient', async () => {
    const at = (ms: number): string => new Date(Date.UTC(2020, 0, 1) + ms).toISOString();
    // Two of one instant: the id decides.
    const all = await Promise.all([3, 1, 1, 2, 0].map((ms, nth) => scheduled(at(ms), { ...recipient, name: `Ada ${nth}` })));
    await dispatch(all[3]!.orderId, '*');
    await project(...all.map(({ orderId }) => orderId));
    await erase(all[4]!.customerId);
    const [late, one, other, gone, first] = all.map(({ orderId }) => orderId);
    const sameInstant = [one!, other!].sort();

    const own = (found: Record<string, unknown>[]): unknown[] =>
      found.map(({ orderId }) => orderId).filter((id) => all.some(({ orderId }) => orderId === id));
    for (const limit of [1, 2, 200]) {
      expect(own(await listed(`limit=${limit}`))).toEqual([first, ...sameInstant, gone, late]);
      expect(own(await listed(`status=scheduled&limit=${limit}`))).toEqual([first, ...sameInstant, late]);
    }
    expect(own(await listed('status=dispatched'))).toEqual([gone]);
    const found = await listed('limit=3');
    const byId = new Map(found.map((shipment) => [shipment['orderId'], shipment]));
    expect(byId.size).toBe(found.length);
    expect(byId.get(first)).toMatchObject({ recipient: null, recipientErased: true });
    for (const { orderId } of all) expect(byId.get(orderId)).toEqual((await call('GET', `/shipments/${orderId}`)).body);
    expect(byId.get(gone)).toMatchObject({ recipient: { ...recipient, name: 'Ada 3' }, recipientErased: false, scheduledAt: at(2) });
  });

  it.each([
    ['status=lost', 'status'],
    ['limit=0', 'limit'],
    ['limit=201', 'limit'],
    ['cursor=abc', 'cursor'],
    [`cursor=${Buffer.from(`2026-02-31T00:00:00.000Z ${randomUUID()}`).toString('base64url')}`, 'cursor'],
    [`cursor=${Buffer.from(`0000-01-01T00:00:00.000Z ${randomUUID()}`).toString('base64url')}`, 'cursor'],
    [`cursor=${Buffer.from(`2020-13-01T00:00:00.000Z ${randomUUID()}`).toString('base64url')}`, 'cursor'],
    ['page=2', 'page'],
  ])('are not found by %s', async (query, field) => {
    expect(await call('GET', `/shipments?${query}`)).toMatchObject({
      status: 400,
      body: { type: problem('invalid-request'), errors: [{ field }] },
    });
  });
});

it('with an automatic carrier, a shipment goes its way by itself; its deadline waits until the service has heard of a cancellation', async () => {
  const { orderId } = await scheduled(new Date(Date.now() - 60_000).toISOString());
  const carrier = await start({ DISPATCH_DEADLINE_MS: '1', AUTOMATIC_CARRIER_MS: '20' });
  try {
    const hearOfIt = async (): Promise<void> => carrier.deliver(await factsOf(orderId), shipmentTasks);
    await hearOfIt();
    await expect.poll(() => typesOf(orderId), { timeout: 10_000 }).toEqual(['ShipmentScheduled', 'ShipmentDispatched']);
    await hearOfIt();
    await expect
      .poll(() => typesOf(orderId), { timeout: 10_000 })
      .toEqual(['ShipmentScheduled', 'ShipmentDispatched', 'ShipmentDelivered']);
    expect((await eventsIn(`shipment-${orderId}`))[1]!.event.data).toMatchObject({
      carrier: 'Automatic carrier',
      trackingNumber: `AC-${orderId}`,
    });
  } finally {
    await carrier.stop();
  }
});

it('the API describes itself', async () => {
  const { body } = await call('GET', '/openapi.json');
  expect(Object.keys(body['paths'] as object).sort()).toEqual([
    '/shipments',
    '/shipments/{orderId}',
    '/shipments/{orderId}/delivery',
    '/shipments/{orderId}/dispatch',
    '/shipments/{orderId}/return',
  ]);
});

it('readiness names the consumers that wait for the broker; the process lives', async () => {
  await expect.poll(async () => JSON.stringify((await call('GET', '/health/ready')).body)).toContain('shipment-scheduling');
  expect((await call('GET', '/health/live')).status).toBe(200);
});
