import { randomUUID } from 'node:crypto';
import { type EventOn, contracts } from '@orderstream/contracts';
import { newerContracts } from '@orderstream/contracts/testing';
import { derivedId } from '@orderstream/event-sourcing';
import { EventStoreDb } from '@orderstream/eventstoredb';
import { type Answer, problem, problemOf, relayed } from '@orderstream/platform/testing';
import { runSql } from '@orderstream/postgres/testing';
import { describe, expect, it, vi } from 'vitest';
import { orderIdFor } from './order-id.ts';
import type { OrderList, OrderView } from './order.api.ts';
import {
  announce,
  call,
  eventsOf,
  get,
  keys,
  listed,
  now,
  order,
  placed,
  post,
  recipient,
  service,
  skuOf,
  sql,
  start,
  toPrices,
  toReadModels,
} from './testing/running-order-service.ts';

describe('placing an order', () => {
  it('appends what was ordered at the shop’s prices, and answers with it', async () => {
    const body = order({ currency: 'EUR' });
    const response = await post(body, { 'x-correlation-id': 'checkout-1' });
    const view = response.body;
    expect(response.status).toBe(201);
    expect(response.location).toBe(`/orders/${view.orderId}`);
    expect(response.etag).toBe('"0"');
    expect(view).toMatchObject({
      status: 'placed',
      revision: 0,
      customerId: body['customerId'],
      total: { amount: 3 * 450 + 990, currency: 'EUR' },
      lines: [
        { sku: skuOf('TEA'), quantity: 3, unitPrice: { amount: 450, currency: 'EUR' } },
        { sku: skuOf('CUP'), quantity: 1, unitPrice: { amount: 990, currency: 'EUR' } },
      ],
    });
    const [stored, ...more] = await eventsOf(view.orderId);
    expect(more).toEqual([]);
    expect(stored!.metadata).toMatchObject({
      $correlationId: 'checkout-1',
      schemaVersion: contracts.currentVersion('OrderPlaced'),
    });
    expect(JSON.stringify(stored)).not.toContain('Lovelace');
  });

  it('places one order for 20 equal requests at once under one key, and gives all of them one answer', async () => {
    const body = order();
    const answers = await Promise.all(Array.from({ length: 20 }, () => post(body, { 'idempotency-key': 'cart-7' })));
    const views = answers.map(({ body }) => body);
    expect(new Set(answers.map(({ status, etag, location }) => `${status} ${etag} ${location}`)).size).toBe(1);
    expect(new Set(views.map((view) => JSON.stringify(view))).size).toBe(1);
    expect(answers[0]!.status).toBe(201);
    expect(await eventsOf(views[0]!.orderId)).toHaveLength(1);
  });

  it('gives a repeated request its first answer, also when the order has moved on and the product is gone', async () => {
    const name = `OLD-${randomUUID().slice(0, 8)}`;
    await listed(name, 100);
    const body = order({ lines: [{ sku: skuOf(name), quantity: 1 }] });
    const key = { 'idempotency-key': 'again' };
    const { body: first } = await post(body, key);
    const { orderId } = first;
    await announce({ type: 'ReservationRejected', data: { orderId, shortSkus: [skuOf(name)], rejectedAt: now() } });
    await toPrices({ type: 'ProductDelisted', data: { sku: skuOf(name), delistedAt: now() } }, 1);
    await vi.waitFor(async () => expect((await post({ ...body, customerId: randomUUID() })).status).toBe(422), 5_000);
    const repeated = await post(body, key);
    expect([repeated.status, repeated.etag]).toEqual([201, '"0"']);
    expect(JSON.stringify(repeated.body)).toBe(JSON.stringify(first));
  });

  it('takes the same key of another customer for another order', async () => {
    const [one, other] = await Promise.all([order(), order()].map((body) => post(body, { 'idempotency-key': 'mine' })));
    expect(one!.body.orderId).not.toBe(other!.body.orderId);
  });

  it('refuses a key that was used with another body', async () => {
    const body = order();
    const { orderId } = (await post(body, { 'idempotency-key': 'k' })).body;
    const other = { ...body, recipient: { ...recipient, city: 'Paris' } };
    expect(problemOf(await post(other, { 'idempotency-key': 'k' }))).toEqual([422, 'idempotency-key-reused', ['idempotency-key']]);
    expect(await eventsOf(orderId)).toHaveLength(1);
  });

  it('says that it is gone when the customer was erased since', async () => {
    const body = order();
    await post(body, { 'idempotency-key': 'forgotten' });
    await runSql(keys, 'DELETE FROM customer_key WHERE customer_id = $1', [body['customerId']]);
    const later = await start();
    const response = await later.call('POST', '/orders', body, { 'idempotency-key': 'forgotten' });
    expect(problemOf(response)).toEqual([410, 'customer-erased', []]);
    await later.stop();
  });
});

describe('bad input is refused by the name of the field, and nothing is written', () => {
  const line = (name: string, quantity: unknown = 1): object => ({ sku: skuOf(name), quantity });
  const invalid = (...fields: string[]): [number, string, string[]] => [400, 'invalid-request', fields];
  it.each<[string, [number, string, string[]], unknown, Record<string, string>?]>([
    ['malformed JSON', [400, 'malformed-request', []], '{"customerId":'],
    ['another media type', [415, 'unsupported-media-type', []], 'x', { 'content-type': 'text/plain' }],
    ['an oversized body', [413, 'body-too-large', []], order({ paymentMethod: 'x'.repeat(70_000) })],
    ['an unknown field', invalid('price'), order({ price: 1 })],
    ['a wrong type', invalid('lines.0.quantity'), order({ lines: [line('TEA', '1')] })],
    ['no lines', invalid('lines'), order({ lines: [] })],
    ['duplicate lines', invalid('lines.1.sku'), order({ lines: [line('TEA'), line('TEA')] })],
    ['a quantity of 0', invalid('lines.0.quantity'), order({ lines: [line('TEA', 0)] })],
    ['a quantity below 0', invalid('lines.0.quantity'), order({ lines: [line('TEA', -3)] })],
    ['an absurd quantity', invalid('lines.0.quantity'), order({ lines: [line('TEA', 1e21)] })],
    ['a bad customer id', invalid('customerId'), order({ customerId: '../etc' })],
    ['half a surrogate pair in a name', invalid('recipient.name'), order({ recipient: { ...recipient, name: 'A \ud83d' } })],
    ['half of one in a token', invalid('paymentMethod'), order({ paymentMethod: 'pm\udc00' })],
    ['a currency that is none', invalid('currency'), order({ currency: 'ZZZ' })],
    ['a bad key', invalid('idempotency-key'), order(), { 'idempotency-key': 'x'.repeat(201) }],
    ['an unknown SKU', [422, 'unknown-sku', ['lines.1.sku']], order({ lines: [line('TEA'), line('CAR')] })],
    ['a delisted SKU', [422, 'unknown-sku', ['lines.0.sku']], order({ lines: [line('HAT')] })],
    [
      'a foreign currency',
      [422, 'currency-mismatch', ['currency', 'lines.0.sku']],
      order({ currency: 'USD', lines: [line('TEA'), line('MUG')] }),
    ],
    ['mixed currencies', [422, 'currency-mismatch', ['lines.1.sku']], order({ lines: [line('TEA'), line('MUG')] })],
    ['a total beyond counting', [422, 'total-too-large', []], order({ lines: [line('MOON', 2)] })],
  ])('%s', async (_what, expected, body, headers = {}) => {
    const key = 'a-key-that-says-which-order-it-would-have-been';
    expect(problemOf(await post(body, { 'idempotency-key': key, ...headers }))).toEqual(expected);
    const { customerId } = body as { customerId?: string };
    if (customerId !== undefined) expect(await eventsOf(orderIdFor(customerId, key))).toEqual([]);
  });
});

describe('an order is found', () => {
  it('right after it was placed, before any read model has it', async () => {
    const view = await placed();
    const response = await get(`/orders/${view.orderId}`);
    expect([response.status, response.etag]).toEqual([200, '"0"']);
    expect(response.body).toEqual(view);
  });

  it('in the read model as its stream says, at its revision', async () => {
    const { orderId } = await placed();
    await announce({ type: 'ReservationConfirmed', data: { orderId, lines: [], confirmedAt: now() } });
    const fromStream = (await get(`/orders/${orderId}`)).body;
    await toReadModels(orderId);
    const response = await get(`/orders/${orderId}?minRevision=1`);
    expect(response.etag).toBe('"1"');
    expect(response.body).toEqual(fromStream);
  });

  it('at the revision that is waited for, or not in time', async () => {
    const { orderId } = await placed();
    await toReadModels(orderId);
    const waiting = get(`/orders/${orderId}?minRevision=1`);
    await announce({ type: 'ReservationConfirmed', data: { orderId, lines: [], confirmedAt: now() } });
    await toReadModels(orderId, 1);
    expect((await waiting).body).toMatchObject({ revision: 1, status: 'accepted' });
    const late = await get(`/orders/${orderId}?minRevision=2`);
    expect(late.body).toMatchObject({ status: 504, type: problem('revision-not-reached'), revision: 1 });
  });

  it('by nobody when there is none, and not under a bad id', async () => {
    expect(problemOf(await get(`/orders/${randomUUID()}`))).toEqual([404, 'not-found', []]);
    expect(problemOf(await get(`/orders/${randomUUID()}?minRevision=3`))).toEqual([404, 'not-found', []]);
    expect(problemOf(await get('/orders/42'))).toEqual([400, 'invalid-request', ['orderId']]);
    expect(problemOf(await get(`/orders/${randomUUID()}?minRevision=-1&at=now`))).toEqual([400, 'invalid-request', ['minRevision', 'at']]);
  });

  it('page by page, by customer and status, the latest first', async () => {
    const customerId = randomUUID();
    const ids: string[] = [];
    for (let n = 0; n < 5; n++) {
      const { orderId } = await placed({ customerId });
      await toReadModels(orderId);
      ids.unshift(orderId);
    }
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const query = `customer=${customerId}&status=placed&limit=2${cursor && `&cursor=${cursor}`}`;
      const page: OrderList = (await get<OrderList>(`/orders?${query}`)).body;
      seen.push(...page.orders.map(({ orderId }) => orderId));
      cursor = page.nextCursor;
    }
    expect(seen).toEqual(ids);
    expect((await get(`/orders?customer=${customerId}&status=paid`)).body).toEqual({ orders: [], nextCursor: null });
    for (const day of ['2026-02-31', '0000-01-01']) {
      const nowhere = Buffer.from(`${day}T00:00:00.000Z ${randomUUID()}`).toString('base64url');
      expect(problemOf(await get(`/orders?cursor=${nowhere}`))).toEqual([400, 'invalid-request', ['cursor']]);
    }
    expect(problemOf(await get('/orders?cursor=nonsense'))).toEqual([400, 'invalid-request', ['cursor']]);
  });
});

describe('fulfilment', () => {
  it('carries an order through, once, however often events are announced', async () => {
    const { orderId } = await placed();
    const at = now();
    const amount = { amount: 2340, currency: 'EUR' };
    const announced = [
      { type: 'ReservationConfirmed', data: { orderId, lines: [], confirmedAt: at } },
      { type: 'PaymentAuthorised', data: { orderId, amount, authorisationId: 'a', authorisedAt: at } },
      { type: 'ShipmentDispatched', data: { orderId, lines: [], carrier: 'DHL', trackingNumber: 'T-1', dispatchedAt: at } },
      { type: 'ShipmentDelivered', data: { orderId, deliveredAt: at } },
    ] as const;
    for (const event of announced) {
      await announce(event);
      for (const again of announced.slice(0, announced.indexOf(event) + 1)) await announce(again);
    }
    const events = await eventsOf(orderId);
    expect(events.map(({ event }) => event.type)).toEqual(['OrderPlaced', 'OrderAccepted', 'OrderPaid', 'OrderShipped', 'OrderDelivered']);
    expect(events[1]!.metadata).toMatchObject({ $correlationId: 'flow', $causationId: derivedId(orderId, 'ReservationConfirmed') });
    await toReadModels(orderId);
    expect((await get(`/orders/${orderId}?minRevision=4`)).body).toMatchObject({
      status: 'delivered',
      shipment: { carrier: 'DHL', trackingNumber: 'T-1' },
    });
  });

  it('parks what can not have happened, and what comes behind it, and nothing else', async () => {
    const { orderId } = await placed();
    const nobody = randomUUID();
    const paid = (id: string): EventOn<'payments'> => ({
      type: 'PaymentAuthorised',
      data: { orderId: id, amount: { amount: 1, currency: 'EUR' }, authorisationId: 'a', authorisedAt: now() },
    });
    await announce(paid(nobody));
    await announce({ type: 'ReservationConfirmed', data: { orderId, lines: [], confirmedAt: now() } });
    await announce(paid(orderId));
    expect((await eventsOf(orderId)).at(-1)!.event.type).toBe('OrderPaid');
    expect(await sql('SELECT cause FROM parked_event WHERE stream = $1', [`any-${nobody}`])).toMatchObject([
      { cause: expect.stringContaining('no such order') as string },
    ]);
  });
});

describe('the read models', () => {
  it('sum up demand once per order', async () => {
    const name = `SUM-${randomUUID().slice(0, 8)}`;
    await listed(name, 5);
    for (const quantity of [2, 3]) {
      const { orderId } = await placed({ lines: [{ sku: skuOf(name), quantity }] });
      await toReadModels(orderId);
    }
    expect(await sql('SELECT units::int FROM order_demand WHERE sku = $1', [skuOf(name)])).toEqual([{ units: 5 }]);
  });

  it.each([
    ['without its beginning', [], 1],
    ['without the one before', [0], 2],
    ['twice', [0, 1], 1],
  ])('park an event that comes %s', async (_how, applied, next) => {
    const { orderId } = await placed();
    await announce({ type: 'ReservationConfirmed', data: { orderId, lines: [], confirmedAt: now() } });
    await announce({
      type: 'PaymentAuthorised',
      data: { orderId, amount: { amount: 1, currency: 'EUR' }, authorisationId: 'a', authorisedAt: now() },
    });
    const events = await eventsOf(orderId);
    const deliver = (revisions: readonly number[]): Promise<void> =>
      service.project(revisions.map((revision) => relayed(events[revision]!)));
    await deliver(applied);
    await deliver([next]);
    expect(await sql('SELECT group_name FROM parked_event WHERE stream = $1', [`order-${orderId}`])).toEqual([
      { group_name: 'order-summary' },
    ]);
  });
});

describe('the service', () => {
  it('is ready when everything that it needs answers', async () => {
    await vi.waitFor(async () => expect((await get('/health/ready')).status).toBe(200), { timeout: 30_000, interval: 200 });
  });

  it('lives without its databases, says which one it waits for, and writes nothing meanwhile', async () => {
    const without = await start({
      PERSONAL_DATA_DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
      DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
    });
    try {
      expect((await without.call('GET', '/health/live')).status).toBe(200);
      await vi.waitFor(async () => {
        const [status, slug, fields] = problemOf(await without.call('GET', '/health/ready'));
        expect([status, slug]).toEqual([503, 'not-ready']);
        expect(fields).toEqual(expect.arrayContaining(['postgres', 'personal-data']));
        expect(fields).not.toContain('eventstore');
      }, 5_000);
      const body = order();
      const response = await without.call('POST', '/orders', body, { 'idempotency-key': 'k' });
      expect(response.retryAfter).toBe('1');
      expect(problemOf(response)).toEqual([503, 'dependency-unavailable', []]);
      expect(await eventsOf(orderIdFor(String(body['customerId']), 'k'))).toEqual([]);
    } finally {
      await without.stop();
    }
  });

  it('changes nothing of an order that a newer release has changed, says what to deploy, and goes on with the others', async () => {
    const [ahead, other] = await Promise.all([1, 2].map(() => placed()));
    const newer = new EventStoreDb(process.env['TEST_EVENTSTORE_URL']!, newerContracts);
    const id = randomUUID();
    const praised = { type: 'ProductPraised', data: { sku: 'TEA', praisedAt: now() } };
    await newer.append(
      `order-${ahead!.orderId}`,
      [{ id, event: praised, metadata: { schemaVersion: 1, $correlationId: id, $causationId: id } }],
      0,
    );
    await newer.dispose();
    const cancel = ({ orderId }: OrderView): Promise<Answer> =>
      call('POST', `/orders/${orderId}/cancellation`, undefined, { 'if-match': '*' });
    const refused = await cancel(ahead!);
    expect(refused.retryAfter).toBe('1');
    expect([refused.status, refused.body]).toEqual([
      503,
      expect.objectContaining({
        detail: expect.stringMatching(/has version 1 of ProductPraised at revision 1: deploy the release that knows it$/),
      }),
    ]);
    expect((await cancel(other!)).status).toBe(200);
  });

  it('describes its API', async () => {
    const { body: document } = await get<{
      info: { description: string };
      paths: Record<string, Record<string, { responses: object }>>;
    }>('/openapi.json');
    expect(document.info.description).toContain(
      '| `urn:orderstream:problem:state-conflict` | 409 | The current state does not allow this |',
    );
    expect(document.info.description).toContain('| `urn:orderstream:problem:unknown-sku` | 422 | A product is not on sale |');
    const answers = (path: string, method: string): string[] => Object.keys(document.paths[path]![method]!.responses);
    expect(Object.keys(document.paths)).toEqual(expect.arrayContaining(['/orders', '/orders/{orderId}']));
    expect(answers('/orders', 'post')).toEqual(expect.arrayContaining(['201', '400', '410', '413', '422', '503']));
    const common = ['400', '408', '413', '414', '415', '417', '431', '500'];
    const all = (...own: string[]): string[] => [...own, ...common].toSorted();
    expect(answers('/orders/{orderId}/cancellation', 'post')).toEqual(all('200', '202', '404', '409', '412', '428', '503'));
    expect(answers('/orders/{orderId}/shipping-address', 'put')).toEqual(all('200', '404', '409', '410', '412', '428', '503'));
  });
});
