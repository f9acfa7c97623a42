import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import type { EventType } from '@orderstream/contracts';
import type { DeliveredEvent } from '@orderstream/messaging';
import { delivered } from '@orderstream/messaging/testing';
import { problem, relayed, serviceUnderTest } from '@orderstream/platform/testing';
import { describe, expect, it, vi } from 'vitest';
import { inventoryServiceConfig } from './config.ts';
import { inventoryReservations } from './consumers.ts';
import { InventoryServiceModule } from './inventory-service.module.ts';
import { migrations } from './migrations/index.ts';
import { stockLevelProjection } from './stock-level.projection.ts';

const { service, eventsIn, typesIn, sql } = await serviceUnderTest({
  name: 'inventory-service',
  config: inventoryServiceConfig,
  module: InventoryServiceModule,
  migrations,
});
const { call } = service;
const newSku = (): string => `SKU-${randomUUID().slice(0, 8)}`;
const price = (amount: number) => ({ amount, currency: 'EUR' });
const lamp = { name: 'A lamp', price: price(1250) };

/** A product on sale with stock. */
async function stocked(quantity: number): Promise<string> {
  const sku = newSku();
  expect((await call('PUT', `/products/${sku}`, lamp)).status).toBe(201);
  if (quantity > 0) expect((await call('POST', `/products/${sku}/receipts`, { quantity })).status).toBe(201);
  return sku;
}

/** What their topics hold, as far as these streams go. */
async function project(...names: readonly string[]): Promise<void> {
  await service.project((await Promise.all(names.map(eventsIn))).flat().map(relayed));
}

const hear = (
  ...events: readonly { readonly type: EventType; readonly data: { readonly orderId: string; readonly stage?: string } }[]
): Promise<void> =>
  service.deliver(
    events.map((event) => delivered(event, { stream: `any-${event.data.orderId}` })),
    inventoryReservations,
  );

const placed = (orderId: string, basket: Record<string, number>) =>
  ({ type: 'OrderPlaced', data: { orderId, lines: Object.entries(basket).map(([sku, quantity]) => ({ sku, quantity })) } }) as const;

describe('A product', () => {
  it('is put on sale, read back, changed and taken off sale', async () => {
    const sku = newSku();
    const created = await call('PUT', `/products/${sku}`, lamp);
    expect(created).toMatchObject({
      status: 201,
      etag: '"0"',
      location: `/products/${sku}`,
      body: { sku, revision: 0, ...lamp, listed: true },
    });
    const changed = await call('PUT', `/products/${sku}`, { ...lamp, price: price(990) }, { 'if-match': '"0"' });
    expect(changed).toMatchObject({ status: 200, etag: '"1"', body: { price: price(990) } });
    expect(await call('DELETE', `/products/${sku}`, undefined, { 'if-match': '"1"' })).toMatchObject({ status: 204, etag: '"2"' });
    expect(await typesIn(`product-${sku}`)).toEqual(['ProductListed', 'ProductPriceChanged', 'ProductDelisted']);

    await project(`product-${sku}`);
    expect(await call('GET', `/products/${sku}`)).toMatchObject({
      status: 200,
      etag: '"2"',
      body: { revision: 2, name: 'A lamp', price: price(990), listed: false },
    });
  });

  it('is changed only by who knows its revision', async () => {
    const sku = await stocked(0);
    expect(await call('PUT', `/products/${sku}`, lamp)).toMatchObject({ status: 428, body: { type: problem('precondition-required') } });
    expect(await call('PUT', `/products/${sku}`, lamp, { 'if-match': '"7"' })).toMatchObject({
      status: 412,
      etag: '"0"',
      body: { currentETag: '"0"' },
    });
    expect(await call('PUT', `/products/${sku}`, lamp, { 'if-match': 'zero' })).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'if-match' }] },
    });
    expect(await call('DELETE', `/products/${sku}`)).toMatchObject({ status: 428 });
    expect(await call('PUT', `/products/${sku}`, { ...lamp, name: 'A torch' }, { 'if-match': '*' })).toMatchObject({
      status: 200,
      etag: '"1"',
    });
  });

  it('that does not exist is neither changed nor taken off sale nor received', async () => {
    const sku = newSku();
    expect(await call('PUT', `/products/${sku}`, lamp, { 'if-match': '*' })).toMatchObject({ status: 412 });
    expect(await call('DELETE', `/products/${sku}`, undefined, { 'if-match': '*' })).toMatchObject({ status: 404 });
    expect(await call('POST', `/products/${sku}/receipts`, { quantity: 1 })).toMatchObject({ status: 404 });
    expect(await call('GET', `/products/${sku}`)).toMatchObject({ status: 404 });
    expect(await call('GET', `/stock/${sku}`)).toMatchObject({ status: 404 });
    expect(await eventsIn(`product-${sku}`)).toEqual([]);
  });

  it('is found page by page', async () => {
    const skus = [newSku(), newSku(), newSku()].sort();
    for (const sku of skus) await call('PUT', `/products/${sku}`, lamp);
    await project(...skus.map((sku) => `product-${sku}`));
    const found: unknown[] = [];
    let cursor = '';
    for (;;) {
      const { status, body } = await call('GET', `/products?limit=2${cursor}`);
      expect(status).toBe(200);
      found.push(...(body['products'] as { sku: string }[]).map((product) => product.sku));
      if (typeof body['nextCursor'] !== 'string') break;
      cursor = `&cursor=${body['nextCursor']}`;
    }
    expect(found.filter((sku) => skus.includes(String(sku)))).toEqual(skus);
  });

  it.each([
    ['no name', { price: price(1) }, 'name'],
    ['an empty name', { name: ' ', price: price(1) }, 'name'],
    ['a name over two lines', { name: 'a\nb', price: price(1) }, 'name'],
    ['a price of nothing', { name: 'a', price: price(0) }, 'price.amount'],
    ['a price in parts of cents', { name: 'a', price: price(1.5) }, 'price.amount'],
    ['an absurd price', { name: 'a', price: price(1e12 + 1) }, 'price.amount'],
    ['a currency that is none', { name: 'a', price: { amount: 1, currency: 'ZZZ' } }, 'price.currency'],
    ['half a surrogate pair', { name: 'Desk \ud83d', price: price(1) }, 'name'],
    ['no currency', { name: 'a', price: { amount: 1 } }, 'price.currency'],
    ['a field that nobody knows', { ...lamp, colour: 'red' }, 'colour'],
  ])('with %s is refused, and nothing is written', async (_what, body, field) => {
    const sku = newSku();
    expect(await call('PUT', `/products/${sku}`, body)).toMatchObject({
      status: 400,
      body: { type: problem('invalid-request'), errors: [{ field }] },
    });
    expect(await eventsIn(`product-${sku}`)).toEqual([]);
  });

  it('with a code that can not stand in a stream name is refused', async () => {
    expect(await call('PUT', '/products/two%20words', lamp)).toMatchObject({ status: 400, body: { errors: [{ field: 'sku' }] } });
    expect(await call('PUT', `/products/${newSku()}`, '{"name":')).toMatchObject({
      status: 400,
      body: { type: problem('malformed-request') },
    });
    expect(await call('GET', '/products?limit=many')).toMatchObject({ status: 400, body: { errors: [{ field: 'limit' }] } });
    expect(await call('GET', '/reservations/1')).toMatchObject({ status: 400, body: { errors: [{ field: 'orderId' }] } });
  });
});

describe('A receipt', () => {
  it('sent many times at once, under one id or one key, arrives once', async () => {
    const sku = await stocked(0);
    const receiptId = randomUUID();
    const byId = Array.from({ length: 10 }, () => call('POST', `/products/${sku}/receipts`, { receiptId, quantity: 5 }));
    const byKey = Array.from({ length: 10 }, () =>
      call('POST', `/products/${sku}/receipts`, { quantity: 3 }, { 'idempotency-key': 'delivery-note-7' }),
    );
    const answers = await Promise.all([...byId, ...byKey]);
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201));
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(2);
    expect(await typesIn(`stock-${sku}`)).toEqual(['StockReceived', 'StockReceived']);
  });

  it('of another quantity under the same id is refused, also when both are sent at once', async () => {
    const sku = await stocked(0);
    const receiptId = randomUUID();
    const answers = await Promise.all([1, 2, 3, 4].map((quantity) => call('POST', `/products/${sku}/receipts`, { receiptId, quantity })));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 422, 422, 422]);
    expect(answers.find(({ status }) => status === 422)!.body).toMatchObject({
      type: problem('idempotency-key-reused'),
      errors: [{ field: 'receiptId' }],
    });
    expect(await typesIn(`stock-${sku}`)).toEqual(['StockReceived']);
  });

  it.each([
    ['no quantity', {}, 'quantity'],
    ['nothing', { quantity: 0 }, 'quantity'],
    ['too much', { quantity: 1_000_001 }, 'quantity'],
    ['a quantity in words', { quantity: 'two' }, 'quantity'],
    ['an id that is none', { quantity: 1, receiptId: 'x' }, 'receiptId'],
  ])('of %s is refused', async (_what, body, field) => {
    expect(await call('POST', `/products/${newSku()}/receipts`, body)).toMatchObject({ status: 400, body: { errors: [{ field }] } });
  });
});

describe('Reservations', () => {
  it('go from the order to the stock, and into the read models', async () => {
    const [lamps, cords] = [await stocked(5), await stocked(2)];
    const [confirmed, rejected, declined] = [randomUUID(), randomUUID(), randomUUID()];
    await hear(
      placed(confirmed, { [lamps]: 2, [cords]: 1 }),
      placed(rejected, { [lamps]: 1, [cords]: 2 }),
      placed(declined, { [lamps]: 1 }),
    );
    await hear({ type: 'OrderRejected', data: { orderId: declined } });
    await hear({ type: 'ShipmentDispatched', data: { orderId: confirmed } });
    expect(await typesIn(`reservation-${confirmed}`)).toEqual(['ReservationConfirmed', 'ReservationFulfilled']);
    expect(await typesIn(`reservation-${rejected}`)).toEqual(['ReservationRejected']);
    expect(await typesIn(`reservation-${declined}`)).toEqual(['ReservationConfirmed', 'ReservationReleased']);

    const names = [`stock-${lamps}`, `stock-${cords}`, ...[confirmed, rejected, declined].map((id) => `reservation-${id}`)];
    await project(...names);
    const lampEvents = (await eventsIn(`stock-${lamps}`)).length;
    expect(await call('GET', `/stock/${lamps}`)).toMatchObject({
      status: 200,
      etag: `"${lampEvents - 1}"`,
      body: { onHand: 3, reserved: 0, available: 3 },
    });
    expect(await call('GET', `/stock/${cords}`)).toMatchObject({ body: { onHand: 1, reserved: 0, available: 1 } });
    expect(await call('GET', `/reservations/${confirmed}`)).toMatchObject({
      status: 200,
      etag: '"1"',
      body: {
        status: 'fulfilled',
        lines: [
          { sku: lamps, quantity: 2 },
          { sku: cords, quantity: 1 },
        ],
        shortSkus: [],
      },
    });
    expect(await call('GET', `/reservations/${rejected}`)).toMatchObject({ body: { status: 'rejected', lines: [], shortSkus: [cords] } });
    expect(await call('GET', `/reservations/${declined}`)).toMatchObject({
      body: { status: 'released', lines: [{ sku: lamps, quantity: 1 }] },
    });
    const units = await sql('SELECT units FROM reserved_units WHERE sku = $1', [lamps]);
    expect(units).toEqual([{ units: '4' }]);
  });

  it('go back from a cancelled order, a shipment that will not leave, and goods that return', async () => {
    const sku = await stocked(9);
    const [cancelled, paid, expired, returned] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()];
    await hear(placed(cancelled, { [sku]: 1 }), placed(paid, { [sku]: 2 }), placed(expired, { [sku]: 1 }), placed(returned, { [sku]: 3 }));
    await hear(
      { type: 'OrderCancelled', data: { orderId: cancelled, stage: 'accepted' } },
      { type: 'OrderCancelled', data: { orderId: paid, stage: 'paid' } },
    );
    const ofShipments = [
      { type: 'ShipmentCancelled', data: { orderId: expired } },
      { type: 'ShipmentDispatched', data: { orderId: returned } },
      { type: 'ShipmentReturned', data: { orderId: returned } },
    ] as const;
    await hear(...ofShipments);
    await hear(...ofShipments);
    const ids = [cancelled, paid, expired, returned];
    const streams = [`stock-${sku}`, ...ids.map((id) => `reservation-${id}`)];
    expect((await Promise.all(ids.map((id) => typesIn(`reservation-${id}`)))).map((types) => types.slice(1))).toEqual([
      ['ReservationReleased'],
      [],
      ['ReservationReleased'],
      ['ReservationFulfilled', 'ReservationReturned'],
    ]);
    expect((await typesIn(`stock-${sku}`)).filter((type) => type === 'StockReturned')).toHaveLength(1);
    await project(...streams);
    expect(await call('GET', `/stock/${sku}`)).toMatchObject({ body: { onHand: 9, reserved: 2, available: 7 } });
    expect(await call('GET', `/reservations/${returned}`)).toMatchObject({
      etag: '"2"',
      body: { status: 'returned', lines: [{ sku, quantity: 3 }], shortSkus: [] },
    });
    expect(await call('GET', `/reservations/${expired}`)).toMatchObject({ body: { status: 'released' } });
  });

  it('stay as they are when their product is taken off sale, and go on to their end', async () => {
    const sku = await stocked(5);
    const [leaves, stays, comesBack] = [randomUUID(), randomUUID(), randomUUID()];
    await hear(placed(leaves, { [sku]: 1 }), placed(stays, { [sku]: 1 }), placed(comesBack, { [sku]: 2 }));
    const before = await eventsIn(`stock-${sku}`);
    expect(await call('DELETE', `/products/${sku}`, undefined, { 'if-match': '*' })).toMatchObject({ status: 204 });
    const streams = [`stock-${sku}`, ...[leaves, stays, comesBack].map((id) => `reservation-${id}`)];
    expect(await eventsIn(`stock-${sku}`)).toEqual(before);
    expect(await Promise.all([leaves, stays, comesBack].map((id) => typesIn(`reservation-${id}`)))).toEqual([
      ['ReservationConfirmed'],
      ['ReservationConfirmed'],
      ['ReservationConfirmed'],
    ]);

    await hear(
      { type: 'ShipmentDispatched', data: { orderId: leaves } },
      { type: 'ShipmentDispatched', data: { orderId: comesBack } },
      { type: 'ShipmentReturned', data: { orderId: comesBack } },
    );
    // Whatever was ordered of it still arrives, and an order that was placed before still gets it.
    expect(await call('POST', `/products/${sku}/receipts`, { quantity: 4 })).toMatchObject({ status: 201 });
    await hear(placed(randomUUID(), { [sku]: 6 }));
    await project(`product-${sku}`, ...streams);
    expect(await call('GET', `/products/${sku}`)).toMatchObject({ body: { listed: false } });
    expect(await call('GET', `/stock/${sku}`)).toMatchObject({ body: { onHand: 8, reserved: 7, available: 1 } });
    expect(await call('GET', `/reservations/${leaves}`)).toMatchObject({ body: { status: 'fulfilled' } });
    expect(await call('GET', `/reservations/${stays}`)).toMatchObject({ body: { status: 'confirmed' } });
    expect(await call('GET', `/reservations/${comesBack}`)).toMatchObject({ body: { status: 'returned' } });
  });

  it('are in no read model twice: an event that comes again is set aside, and the row stays', async () => {
    const sku = await stocked(5);
    const orderId = randomUUID();
    await hear(placed(orderId, { [sku]: 2 }));
    const names = [`stock-${sku}`, `reservation-${orderId}`];
    const rows = async () => [
      (await call('GET', `/products/${sku}`)).body,
      (await call('GET', `/stock/${sku}`)).body,
      (await call('GET', `/reservations/${orderId}`)).body,
    ];
    const projectAll = async (): Promise<void> => {
      await project(`product-${sku}`, ...names);
    };
    await projectAll();
    const before = await rows();
    expect(before).toMatchObject([{ revision: 0 }, { revision: 1, reserved: 2 }, { revision: 0, status: 'confirmed' }]);
    await projectAll();
    expect(await rows()).toEqual(before);
    const parked = await sql<{ group_name: string }>('SELECT DISTINCT group_name FROM parked_event WHERE stream = ANY ($1) ORDER BY 1', [
      [...names, `product-${sku}`],
    ]);
    expect(parked.map((row) => row.group_name)).toEqual(['product', 'reservation', 'stock-level']);
  });

  it('of many orders for one product never hold more than there is', async () => {
    const sku = await stocked(20);
    const orders = Array.from({ length: 50 }, () => randomUUID());
    // Several batches at once on one stock stream, as from several partitions.
    const batches = Array.from({ length: 5 }, (_, n) => orders.slice(n * 10, n * 10 + 10));
    await Promise.all(batches.map((ids) => hear(...ids.map((id) => placed(id, { [sku]: 1 })))));
    const outcomes = await Promise.all(orders.map((id) => typesIn(`reservation-${id}`)));
    expect(outcomes.filter(([type]) => type === 'ReservationConfirmed')).toHaveLength(20);
    expect(outcomes.filter(([type]) => type === 'ReservationRejected')).toHaveLength(30);
    await project(`stock-${sku}`);
    expect(await call('GET', `/stock/${sku}`)).toMatchObject({ body: { onHand: 20, reserved: 20, available: 0 } });
  });
});

describe('Stock', () => {
  it('is listed page by page, in the order of the products’ codes', async () => {
    const suffix = randomUUID().slice(0, 8);
    const skus = ['A-1', 'A.1', 'A1', 'B', 'a', 'a-1'].map((prefix) => `${prefix}-${suffix}`).sort();
    for (const sku of skus.toReversed()) {
      await call('PUT', `/products/${sku}`, lamp);
      await call('POST', `/products/${sku}/receipts`, { quantity: 3 });
    }
    await hear(placed(randomUUID(), { [skus[2]!]: 2 }));
    await project(...skus.map((sku) => `stock-${sku}`));
    const found: Record<string, unknown>[] = [];
    for (let cursor = ''; ;) {
      const { status, body } = await call('GET', `/stock?limit=2${cursor}`);
      expect(status).toBe(200);
      found.push(...(body['stock'] as Record<string, unknown>[]));
      if (typeof body['nextCursor'] !== 'string') break;
      cursor = `&cursor=${body['nextCursor']}`;
    }
    const own = found.filter(({ sku }) => skus.includes(String(sku)));
    expect(own.map(({ sku }) => sku)).toEqual(skus);
    expect(own[2]).toEqual({ sku: skus[2], revision: 1, onHand: 3, reserved: 2, available: 1 });
    expect(new Set(found.map(({ sku }) => sku)).size).toBe(found.length);
  });

  it.each([
    ['limit=0', 'limit'],
    ['limit=201', 'limit'],
    ['limit=ten', 'limit'],
    ['cursor=two%20words', 'cursor'],
    ['page=2', 'page'],
  ])('is not listed for %s', async (query, field) => {
    expect(await call('GET', `/stock?${query}`)).toMatchObject({
      status: 400,
      body: { type: problem('invalid-request'), errors: [{ field }] },
    });
  });

  it('is told of by name, once, when its stream has become long', async () => {
    const warn = vi.spyOn(Logger.prototype, 'warn').mockReturnValue();
    const [sku, orderId] = [newSku(), randomUUID()];
    const at = (stream: string, revision: number) => ({ stream, revision }) as DeliveredEvent;
    stockLevelProjection.applied!(
      [9_999, 10_000, 10_001].flatMap((revision) => [at(`stock-${sku}`, revision), at(`reservation-${orderId}`, revision)]),
    );
    expect(warn).toHaveBeenCalledExactlyOnceWith(expect.stringContaining(`stock-${sku} has 10000 events`));
    warn.mockRestore();
  });

  it('adds up when goods arrive and orders come and go at the same time', async () => {
    const sku = await stocked(0);
    const receipts = Array.from({ length: 40 }, (_, n) => ({ receiptId: randomUUID(), quantity: 1 + (n % 3) }));
    const arrive = receipts.flatMap((receipt) => [receipt, receipt]).map((receipt) => call('POST', `/products/${sku}/receipts`, receipt));
    const orders = Array.from({ length: 40 }, (_, n) => ({ orderId: randomUUID(), quantity: 1 + (n % 4) }));
    const ask = Array.from({ length: 5 }, (_, n) => orders.slice(n * 8, n * 8 + 8)).map((batch) =>
      hear(
        ...batch.flatMap(({ orderId, quantity }, nth) => [
          placed(orderId, { [sku]: quantity }),
          ...(nth === 0 ? [{ type: 'OrderCancelled', data: { orderId, stage: 'placed' } } as const] : []),
        ]),
      ),
    );
    const answers = await Promise.all(arrive);
    await Promise.all(ask);
    expect(answers.map(({ status, body }) => ({ status, body }))).toEqual(
      receipts.flatMap((receipt) => [receipt, receipt]).map((receipt) => ({ status: 201, body: { sku, ...receipt } })),
    );

    const events = (await eventsIn(`stock-${sku}`)).map(({ event }) => event);
    const total = (type: EventType): number =>
      events.filter((event) => event.type === type).reduce((sum, event) => sum + event.data.quantity, 0);
    const arrived = receipts.reduce((sum, { quantity }) => sum + quantity, 0);
    expect(total('StockReceived')).toBe(arrived);
    const lasts = await Promise.all(
      orders.map(async ({ orderId, quantity }) => ({ quantity, last: (await typesIn(`reservation-${orderId}`)).at(-1) })),
    );
    expect(lasts.filter(({ last }) => last === undefined)).toEqual([]);
    const reserved = lasts.filter(({ last }) => last === 'ReservationConfirmed').reduce((sum, { quantity }) => sum + quantity, 0);
    expect(total('StockReserved') - total('StockReleased')).toBe(reserved);
    let [onHand, held] = [0, 0];
    for (const {
      type,
      data: { quantity },
    } of events) {
      if (type === 'StockReceived') onHand += quantity;
      if (type === 'StockReserved') held += quantity;
      if (type === 'StockReleased') held -= quantity;
      expect(held).toBeLessThanOrEqual(onHand);
    }
    await project(`stock-${sku}`);
    expect(await call('GET', `/stock/${sku}`)).toMatchObject({ body: { onHand: arrived, reserved, available: arrived - reserved } });
  });
});

it('the API describes itself', async () => {
  const { body } = await call('GET', '/openapi.json');
  expect(Object.keys(body['paths'] as object).sort()).toEqual([
    '/products',
    '/products/{sku}',
    '/products/{sku}/receipts',
    '/reservations/{orderId}',
    '/stock',
    '/stock/{sku}',
  ]);
});

it('readiness names the broker that is away', async () => {
  await expect.poll(async () => JSON.stringify((await call('GET', '/health/ready')).body)).toContain('inventory-reservations');
  expect((await call('GET', '/health/live')).status).toBe(200);
});
