import { randomUUID } from 'node:crypto';
import type { EventOf, EventOn } from '@orderstream/contracts';
import { type Answer, problemOf } from '@orderstream/platform/testing';
import { runSql } from '@orderstream/postgres/testing';
import { describe, expect, it, vi } from 'vitest';
import type { OrderList, OrderProgress, Recipient } from './order.api.ts';
import {
  announce,
  call,
  eventsOf,
  get,
  keys,
  now,
  placed,
  recipient,
  sql,
  start,
  toReadModels,
  toStatuses,
  typesIn,
} from './testing/running-order-service.ts';

type Announced = EventOn<'inventory'> | EventOn<'payments'> | EventOn<'shipments'>;

const amount = { amount: 2340, currency: 'EUR' };
const reserved = (orderId: string): Announced => ({ type: 'ReservationConfirmed', data: { orderId, lines: [], confirmedAt: now() } });
const outOfStock = (orderId: string): Announced => ({
  type: 'ReservationRejected',
  data: { orderId, shortSkus: ['TEA'], rejectedAt: now() },
});
const authorised = (orderId: string): EventOf<'payment'> => ({
  type: 'PaymentAuthorised',
  data: { orderId, amount, authorisationId: 'a', authorisedAt: now() },
});
const dispatched = (orderId: string): EventOf<'shipment'> => ({
  type: 'ShipmentDispatched',
  data: { orderId, lines: [], carrier: 'DHL', trackingNumber: 'T-1', dispatchedAt: now() },
});
const delivered = (orderId: string): EventOf<'shipment'> => ({ type: 'ShipmentDelivered', data: { orderId, deliveredAt: now() } });
const withdrawn = (orderId: string): EventOf<'shipment'> => ({
  type: 'ShipmentCancelled',
  data: { orderId, reason: 'CUSTOMER', cancelledAt: now() },
});
const returned = (orderId: string): EventOf<'shipment'> => ({ type: 'ShipmentReturned', data: { orderId, lines: [], returnedAt: now() } });

const toAccepted = [reserved];
const toPaid = [...toAccepted, authorised];
const toShipped = [...toPaid, dispatched];
const toDelivered = [...toShipped, delivered];
const toRejected = [outOfStock];

/** A new order, and what the other services have announced of it since. */
async function orderAfter(events: readonly ((orderId: string) => Announced)[], changes: object = {}): Promise<string> {
  const { orderId } = await placed(changes);
  for (const event of events) await announce(event(orderId));
  return orderId;
}

const ifMatch = (tag: string | null): Record<string, string> => (tag === null ? {} : { 'if-match': tag });

const cancel = (orderId: string, tag: string | null): Promise<Answer<OrderProgress>> =>
  call('POST', `/orders/${orderId}/cancellation`, undefined, ifMatch(tag));

const elsewhere: Recipient = { ...recipient, street: 'Rue de Rivoli 1', city: 'Paris', postalCode: '75001', country: 'FR' };

const sendTo = (orderId: string, tag: string | null, body: unknown = elsewhere): Promise<Answer<OrderProgress>> =>
  call('PUT', `/orders/${orderId}/shipping-address`, body, ifMatch(tag));

const answerOf = ({ status, etag, body }: Answer<OrderProgress>): [number, string | null, OrderProgress] => [status, etag, body];

const typesOf = (orderId: string): Promise<string[]> => typesIn(`order-${orderId}`);

it('A hundred changes of one order at once are all carried out, because nobody insists on a revision', async () => {
  const orderId = await orderAfter([]);
  const changes = Array.from({ length: 100 }, (_, n) => sendTo(orderId, '*', { ...elsewhere, street: `Rue de Rivoli ${n + 1}` }));
  const statuses = (await Promise.all(changes)).map(({ status }) => status);
  expect(new Set(statuses)).toEqual(new Set([200]));
  expect(await typesOf(orderId)).toHaveLength(101);
});

describe('cancelling an order', () => {
  it.each([
    ['placed', [], 0],
    ['accepted', toAccepted, 1],
  ] as const)('that is %s ends it at once, and once', async (stage, events, revision) => {
    const orderId = await orderAfter(events);
    const ended = [200, `"${revision + 1}"`, { orderId, revision: revision + 1, status: 'cancelled' }];
    expect(answerOf(await cancel(orderId, `"${revision}"`))).toEqual(ended);
    expect(answerOf(await cancel(orderId, '*'))).toEqual(ended);
    expect(answerOf(await cancel(orderId, `"${revision + 1}"`))).toEqual(ended);
    const [last] = (await eventsOf(orderId)).slice(-1);
    expect(last!.event).toMatchObject({ type: 'OrderCancelled', data: { orderId, reason: 'CUSTOMER', stage } });
    expect(last!.revision).toBe(revision + 1);
  });

  it.each([
    ['paid', toPaid, 2],
    ['shipped', toShipped, 3],
  ] as const)('that is %s asks its shipment, once', async (status, events, revision) => {
    const orderId = await orderAfter(events);
    const asked = [202, `"${revision + 1}"`, { orderId, revision: revision + 1, status }];
    expect(answerOf(await cancel(orderId, `"${revision}"`))).toEqual(asked);
    expect(answerOf(await cancel(orderId, '*'))).toEqual(asked);
    expect((await typesOf(orderId)).slice(revision)).toEqual([
      status === 'paid' ? 'OrderPaid' : 'OrderShipped',
      'OrderCancellationRequested',
    ]);
  });

  it('is for the shipment to answer: it did not leave, it came back, or it arrived all the same', async () => {
    const [held, back, arrived] = await Promise.all([orderAfter(toPaid), orderAfter(toShipped), orderAfter(toShipped)]);
    for (const orderId of [held, back, arrived]) expect((await cancel(orderId, '*')).status).toBe(202);
    for (const event of [withdrawn(held), withdrawn(held), returned(back), delivered(arrived)]) await announce(event);
    expect(answerOf(await cancel(held, '*'))).toMatchObject([200, '"4"', { status: 'cancelled' }]);
    expect(answerOf(await cancel(back, '*'))).toMatchObject([200, '"5"', { status: 'cancelled' }]);
    expect(problemOf(await cancel(arrived, '*'))).toEqual([409, 'state-conflict', []]);
    expect((await typesOf(held)).at(-1)).toBe('OrderCancelled');
    expect((await typesOf(arrived)).at(-1)).toBe('OrderDelivered');
  });

  it.each([
    ['delivered', toDelivered, /delivered/],
    ['rejected', toRejected, /rejected/],
  ] as const)('that was %s is refused, and nothing is written', async (_status, events, detail) => {
    const orderId = await orderAfter(events);
    const before = await typesOf(orderId);
    const response = await cancel(orderId, '*');
    expect(response.body).toMatchObject({ status: 409, detail: expect.stringMatching(detail) as string });
    expect(await typesOf(orderId)).toEqual(before);
  });

  it('needs the revision that it is based on', async () => {
    const orderId = await orderAfter(toAccepted);
    expect(problemOf(await cancel(orderId, null))).toEqual([428, 'precondition-required', []]);
    expect(problemOf(await cancel(orderId, '1'))).toEqual([400, 'invalid-request', ['if-match']]);
    expect(problemOf(await cancel(orderId, 'W/"1"'))).toEqual([412, 'precondition-failed', []]);
    const stale = await cancel(orderId, '"0"');
    expect(stale.etag).toBe('"1"');
    expect(stale.body).toMatchObject({ status: 412, currentETag: '"1"' });
    for (const tag of ['*', '"0"']) expect(problemOf(await cancel(randomUUID(), tag))).toEqual([404, 'not-found', []]);
    expect(problemOf(await cancel('42', '*'))).toEqual([400, 'invalid-request', ['orderId']]);
    expect(await typesOf(orderId)).toEqual(['OrderPlaced', 'OrderAccepted']);
  });

  it('and what was under way meanwhile do not disturb each other', async () => {
    const [placed, accepted] = await Promise.all([orderAfter([]), orderAfter(toAccepted)]);
    for (const orderId of [placed, accepted]) expect((await cancel(orderId, '*')).status).toBe(200);
    await announce(reserved(placed));
    await announce(authorised(accepted));
    expect(await typesOf(placed)).toEqual(['OrderPlaced', 'OrderCancelled']);
    expect(await typesOf(accepted)).toEqual(['OrderPlaced', 'OrderAccepted', 'OrderCancelled']);
    const parked = await sql('SELECT cause FROM parked_event WHERE stream = ANY ($1)', [[`any-${placed}`, `any-${accepted}`]]);
    expect(parked).toEqual([]);
  });

  it('races an event and one wins: the other sees what has happened', async () => {
    const orderIds = await Promise.all(Array.from({ length: 12 }, () => orderAfter([])));
    await Promise.all(
      orderIds.map(async (orderId) => {
        const [response] = await Promise.all([cancel(orderId, '"0"'), announce(reserved(orderId))]);
        const types = await typesOf(orderId);
        expect(response.etag).toBe('"1"');
        if (response.status === 200) expect(types).toEqual(['OrderPlaced', 'OrderCancelled']);
        else expect([response.status, ...types]).toEqual([412, 'OrderPlaced', 'OrderAccepted']);
      }),
    );
  });

  it('and changing its address at once, based on one revision, are not both done', async () => {
    for (let n = 0; n < 5; n++) {
      const orderId = await orderAfter([]);
      const answers = await Promise.all([cancel(orderId, '"0"'), sendTo(orderId, '"0"'), cancel(orderId, '"0"'), sendTo(orderId, '"0"')]);
      expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 412, 412, 412]);
      expect(await eventsOf(orderId)).toHaveLength(2);
    }
  });
});

describe('sending an order to another address', () => {
  it('is recorded sealed, once, and goes to whoever packs it', async () => {
    const orderId = await orderAfter([]);
    const changed = [200, '"1"', { orderId, revision: 1, status: 'placed' }];
    expect(answerOf(await sendTo(orderId, '"0"'))).toEqual(changed);
    expect(answerOf(await sendTo(orderId, '*'))).toEqual(changed);
    await announce(reserved(orderId));
    expect(answerOf(await sendTo(orderId, '"2"', recipient))).toEqual([200, '"3"', { orderId, revision: 3, status: 'accepted' }]);
    await announce(authorised(orderId));
    const events = await eventsOf(orderId);
    expect(events.map(({ event }) => event.type)).toEqual([
      'OrderPlaced',
      'ShippingAddressChanged',
      'OrderAccepted',
      'ShippingAddressChanged',
      'OrderPaid',
    ]);
    expect(JSON.stringify(events)).not.toMatch(/Rivoli|Lovelace/);
    const recipients = events.map(({ event }) => ('recipient' in event.data ? event.data.recipient : null));
    expect(new Set(recipients).size).toBe(4);
    expect(recipients[4]).toBe(recipients[3]);
  });

  it.each([
    ['paid', toPaid],
    ['shipped', toShipped],
    ['delivered', toDelivered],
    ['rejected', toRejected],
  ] as const)('is refused when it is %s', async (_status, events) => {
    const orderId = await orderAfter(events);
    const before = await typesOf(orderId);
    expect(problemOf(await sendTo(orderId, '*'))).toEqual([409, 'state-conflict', []]);
    expect(await typesOf(orderId)).toEqual(before);
  });

  it('is refused when it is cancelled', async () => {
    const orderId = await orderAfter([]);
    await cancel(orderId, '*');
    expect(problemOf(await sendTo(orderId, '*'))).toEqual([409, 'state-conflict', []]);
  });

  it('needs an address, an order, and the revision that it is based on', async () => {
    const orderId = await orderAfter([]);
    expect(problemOf(await sendTo(orderId, '*', { ...elsewhere, city: ' ', floor: 3 }))).toEqual([
      400,
      'invalid-request',
      ['city', 'floor'],
    ]);
    expect(problemOf(await sendTo(orderId, null))).toEqual([428, 'precondition-required', []]);
    const stale = await sendTo(orderId, '"7"');
    expect(stale.etag).toBe('"0"');
    expect(stale.body).toMatchObject({ status: 412, currentETag: '"0"' });
    for (const tag of ['*', '"0"']) expect(problemOf(await sendTo(randomUUID(), tag))).toEqual([404, 'not-found', []]);
    expect(await typesOf(orderId)).toEqual(['OrderPlaced']);
  });

  it('is over when the customer was erased: nothing is written, and no key is made', async () => {
    const customerId = randomUUID();
    const orderId = await orderAfter([], { customerId });
    await runSql(keys, 'DELETE FROM customer_key WHERE customer_id = $1', [customerId]);
    // A process that has used the key may have it for a while: this one has not.
    const later = await start();
    try {
      const answer = await later.call('PUT', `/orders/${orderId}/shipping-address`, elsewhere, ifMatch('*'));
      expect(problemOf(answer)).toEqual([410, 'customer-erased', []]);
    } finally {
      await later.stop();
    }
    expect(await typesOf(orderId)).toEqual(['OrderPlaced']);
    expect(await runSql(keys, 'SELECT 1 FROM customer_key WHERE customer_id = $1', [customerId])).toEqual([]);
  });
});

describe('an order is shown', () => {
  it('with its cancellation, asked for and then done', async () => {
    const orderId = await orderAfter(toPaid);
    await cancel(orderId, '*');
    await toReadModels(orderId);
    const asked = (await get(`/orders/${orderId}`)).body;
    expect(asked).toMatchObject({ revision: 3, status: 'paid', cancellation: { cancelledAt: null, reason: null } });
    await announce(withdrawn(orderId));
    await toReadModels(orderId, 4);
    const done = (await get(`/orders/${orderId}?minRevision=4`)).body;
    expect(done).toMatchObject({
      status: 'cancelled',
      rejection: null,
      cancellation: { requestedAt: asked.cancellation!.requestedAt, reason: 'CUSTOMER' },
    });
    expect(done.cancellation!.cancelledAt).toBe(done.updatedAt);
  });

  it('by its read model as its stream says, however it ended', async () => {
    const customerId = randomUUID();
    const atOnce = await orderAfter([], { customerId });
    const back = await orderAfter(toShipped, { customerId });
    await sendTo(atOnce, '*');
    for (const orderId of [atOnce, back]) await cancel(orderId, '*');
    await announce(returned(back));
    for (const orderId of [atOnce, back]) {
      const fromStream = (await get(`/orders/${orderId}`)).body;
      await toReadModels(orderId);
      expect((await get(`/orders/${orderId}`)).body).toEqual(fromStream);
    }
    const ids = async (filter: string): Promise<string[]> =>
      (await get<OrderList>(`/orders?customer=${customerId}${filter}`)).body.orders.map(({ orderId }) => orderId);
    expect(await ids('&status=cancelled')).toEqual([back, atOnce]);
    expect(await ids('&status=shipped')).toEqual([]);
  });

  it('with payment and shipment beside it, whichever topic comes first', async () => {
    const customerId = randomUUID();
    const orderId = await orderAfter(toShipped, { customerId });
    const requested: EventOf<'payment'> = {
      type: 'PaymentRequested',
      data: { orderId, customerId, amount, paymentMethod: 'pm_card', requestedAt: now() },
    };
    const scheduled: EventOf<'shipment'> = {
      type: 'ShipmentScheduled',
      data: { orderId, customerId, lines: [], recipient: 'sealed', scheduledAt: now() },
    };
    await toStatuses([requested, authorised(orderId)]);
    expect((await get(`/orders/${orderId}`)).body).toMatchObject({ revision: 3, paymentStatus: null, shipmentStatus: null });
    await toReadModels(orderId);
    expect((await get(`/orders/${orderId}`)).body).toMatchObject({ revision: 3, paymentStatus: 'authorised', shipmentStatus: null });
    await toStatuses([scheduled, dispatched(orderId), { type: 'ShipmentRecalled', data: { orderId, recalledAt: now() } }]);
    await toStatuses([{ type: 'PaymentCaptured', data: { orderId, amount, captureId: 'c', capturedAt: now() } }], 2);
    const seen = { status: 'shipped', paymentStatus: 'captured', shipmentStatus: 'recalled' };
    expect((await get(`/orders/${orderId}`)).body).toMatchObject(seen);
    expect((await get(`/orders?customer=${customerId}`)).body).toMatchObject({ orders: [{ orderId, ...seen }], nextCursor: null });
  });

  it('page by page with what is beside it', async () => {
    const customerId = randomUUID();
    const placed: string[] = [];
    for (let n = 0; n < 3; n++) {
      const orderId = await orderAfter([], { customerId });
      await toStatuses([authorised(orderId)]);
      await toReadModels(orderId);
      placed.unshift(orderId);
    }
    const first = (await get<OrderList>(`/orders?customer=${customerId}&limit=2`)).body;
    const rest = (await get<OrderList>(`/orders?customer=${customerId}&limit=2&cursor=${first.nextCursor}`)).body;
    expect([...first.orders, ...rest.orders].map(({ orderId, paymentStatus }) => [orderId, paymentStatus])).toEqual(
      placed.map((id) => [id, 'authorised']),
    );
    expect(rest.nextCursor).toBeNull();
  });
});

describe('the rows of payments and shipments', () => {
  it('park an event that comes without the one before, and go on with others', async () => {
    const [gap, sound] = [randomUUID(), randomUUID()];
    await toStatuses([authorised(gap)], 1);
    await toStatuses([dispatched(gap)], 1);
    await toStatuses([authorised(sound)]);
    const parked = await sql<{ stream: string }>('SELECT stream FROM parked_event WHERE stream LIKE $1 ORDER BY stream', [`%${gap}`]);
    expect(parked.map(({ stream }) => stream)).toEqual([`payment-${gap}`, `shipment-${gap}`]);
    expect(await sql('SELECT status FROM order_payment WHERE order_id = ANY ($1)', [[gap, sound]])).toEqual([{ status: 'authorised' }]);
  });

  it('are filled by Kafka under the group of the order’s own row', async () => {
    await vi.waitFor(
      async () => {
        const topics = await sql<{ topic: string }>(
          `SELECT DISTINCT topic FROM projection_position WHERE group_name = 'order-summary' AND partition < 10 ORDER BY topic`,
        );
        expect(topics.map(({ topic }) => topic)).toEqual(['orders', 'payments', 'shipments']);
      },
      { timeout: 30_000, interval: 200 },
    );
  });
});
