import { randomUUID } from 'node:crypto';
import { type EventNamed, type EventOf, contracts } from '@orderstream/contracts';
import { type EventStore, StoreUnavailable, handleCommands, load } from '@orderstream/event-sourcing';
import { InMemoryEventStore } from '@orderstream/event-sourcing/testing';
import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { entriesOf } from './domain/holdings.ts';
import { reservationDecider } from './domain/reservation.decider.ts';
import { available, stockDecider } from './domain/stock.decider.ts';
import { type ReservationTrigger, settleReservations } from './reservations.ts';

const at = '2026-01-01T00:00:00.000Z';
const now = (): string => at;
const euro = { amount: 100, currency: 'EUR' };

function delivered(event: EventNamed<ReservationTrigger['event']['type']>): ReservationTrigger {
  contracts.check(event.type, event.data);
  const stream = `${event.type.startsWith('Shipment') ? 'shipment' : 'order'}-${event.data.orderId}`;
  return {
    id: randomUUID(),
    event,
    stream,
    revision: 0,
    recordedAt: at,
    correlationId: randomUUID(),
    causationId: randomUUID(),
  } as ReservationTrigger;
}

type Basket = Record<string, number>;
const linesOf = (basket: Basket) => Object.entries(basket).map(([sku, quantity]) => ({ sku, quantity }));
const placed = (basket: Basket, orderId: string = randomUUID()): ReservationTrigger => {
  const lines = linesOf(basket).map((line) => ({ ...line, unitPrice: euro }));
  return delivered({
    type: 'OrderPlaced',
    data: { orderId, customerId: randomUUID(), lines, total: euro, paymentMethod: 'card', recipient: 'sealed', placedAt: at },
  });
};
const rejected = (orderId: string): ReservationTrigger =>
  delivered({ type: 'OrderRejected', data: { orderId, reason: 'PAYMENT_DECLINED', detail: '', rejectedAt: at } });
const cancelled = (orderId: string): ReservationTrigger =>
  delivered({ type: 'OrderCancelled', data: { orderId, reason: 'CUSTOMER', detail: '', stage: 'placed', cancelledAt: at } });
const shipmentCancelled = (orderId: string): ReservationTrigger =>
  delivered({ type: 'ShipmentCancelled', data: { orderId, reason: 'DISPATCH_DEADLINE', cancelledAt: at } });
const returned = (orderId: string, basket: Basket): ReservationTrigger =>
  delivered({ type: 'ShipmentReturned', data: { orderId, lines: linesOf(basket), returnedAt: at } });
const dispatched = (orderId: string, basket: Basket): ReservationTrigger =>
  delivered({
    type: 'ShipmentDispatched',
    data: { orderId, lines: linesOf(basket), carrier: 'DHL', trackingNumber: 'T1', dispatchedAt: at },
  });

async function receive(store: EventStore, sku: string, quantity: number): Promise<void> {
  const command = { type: 'ReceiveStock', sku, receiptId: randomUUID(), quantity, at } as const;
  const cause = { id: command.receiptId, reaction: command.type, correlationId: command.receiptId };
  await handleCommands(store, stockDecider, sku, [{ command, cause }], { schemaVersion: () => 1 });
}

async function stocked(basket: Basket): Promise<InMemoryEventStore> {
  const store = new InMemoryEventStore(now);
  for (const { sku, quantity } of linesOf(basket)) await receive(store, sku, quantity);
  return store;
}

const stock = async (store: EventStore, sku: string) => (await load(store, stockDecider, sku)).state;
const reservation = async (store: EventStore, orderId: string) => (await load(store, reservationDecider, orderId)).state;
const typesOf = (store: InMemoryEventStore, stream: string) =>
  store.all.filter((each) => each.stream === stream).map(({ event }) => event.type);
const idOf = (trigger: ReservationTrigger): string => trigger.event.data.orderId;

const receivedOf = (store: InMemoryEventStore, sku: string): number =>
  store.all
    .filter(({ stream, event }) => stream === `stock-${sku}` && event.type === 'StockReceived')
    .reduce((sum, { event }) => sum + (event as EventNamed<'StockReceived'>).data.quantity, 0);

/** What must hold once every event was delivered: each order all or nothing, nothing open for one that ended, and no piece lost or made. */
async function expectSettled(store: InMemoryEventStore, triggers: readonly ReservationTrigger[]): Promise<void> {
  const expected = new Map<string, { readonly held: Record<string, number>; readonly gone: number }>();
  for (const { event } of triggers) {
    if (event.type !== 'OrderPlaced') continue;
    const { status } = await reservation(store, event.data.orderId);
    expect(status).not.toBe('none');
    for (const { sku, quantity } of event.data.lines) {
      const { held, gone } = expected.get(sku) ?? { held: {}, gone: 0 };
      expected.set(sku, {
        held: status === 'confirmed' ? { ...held, [event.data.orderId]: quantity } : held,
        gone: status === 'fulfilled' ? gone + quantity : gone,
      });
    }
  }
  for (const [sku, { held, gone }] of expected) {
    const state = await stock(store, sku);
    expect(Object.fromEntries(entriesOf(state.reserved)), sku).toEqual(held);
    expect(entriesOf(state.refused), sku).toEqual([]);
    expect(available(state), sku).toBeGreaterThanOrEqual(0);
    expect(state.onHand, sku).toBe(receivedOf(store, sku) - gone);
  }
  const appended = store.all.length;
  await settleReservations(store, triggers, { now });
  expect(store.all.slice(appended)).toEqual([]);
}

describe('An order that was placed', () => {
  it('holds every line when all are there', async () => {
    const store = await stocked({ LAMP: 5, CORD: 5 });
    const order = placed({ LAMP: 2, CORD: 5 });
    await settleReservations(store, [order], { now });
    expect(await reservation(store, idOf(order))).toEqual({ status: 'confirmed', lines: linesOf({ LAMP: 2, CORD: 5 }) });
    expect(available(await stock(store, 'LAMP'))).toBe(3);
    await expectSettled(store, [order]);
  });

  it('holds nothing when one line is short, and says which', async () => {
    const store = await stocked({ LAMP: 5, CORD: 4 });
    const order = placed({ LAMP: 2, CORD: 5, BULB: 1 });
    await settleReservations(store, [order], { now });
    expect(store.all.find(({ event }) => event.type === 'ReservationRejected')?.event.data).toMatchObject({ shortSkus: ['CORD', 'BULB'] });
    expect(typesOf(store, 'stock-LAMP')).toEqual(['StockReceived', 'StockReserved', 'StockReleased']);
    expect(typesOf(store, 'stock-CORD')).toEqual(['StockReceived', 'StockRefused', 'StockReleased']);
    await expectSettled(store, [order]);
  });

  it('gets the same answer again although goods arrived meanwhile', async () => {
    const store = await stocked({ LAMP: 1 });
    const order = placed({ LAMP: 2 });
    await settleReservations(store, [order], { now });
    await receive(store, 'LAMP', 5);
    await expectSettled(store, [order]);
    expect(await reservation(store, idOf(order))).toEqual({ status: 'rejected' });
  });

  it('is served first when it came first', async () => {
    const store = await stocked({ LAMP: 3 });
    const orders = [placed({ LAMP: 2 }), placed({ LAMP: 2 }), placed({ LAMP: 1 })];
    await settleReservations(store, orders, { now });
    expect(await Promise.all(orders.map(async (order) => (await reservation(store, idOf(order))).status))).toEqual([
      'confirmed',
      'rejected',
      'confirmed',
    ]);
    await expectSettled(store, orders);
  });

  it('records events that keep their contracts, caused by what was reacted to', async () => {
    const store = await stocked({ LAMP: 1 });
    const orders = [placed({ LAMP: 1 }), placed({ LAMP: 1 })];
    await settleReservations(store, orders, { now });
    for (const { event, metadata } of store.all.slice(1)) {
      contracts.check(event.type, event.data);
      const cause = orders.find(({ id }) => id === metadata.$causationId);
      expect(cause?.correlationId).toBe(metadata.$correlationId);
      expect((event as EventOf<'reservation'>).data.orderId).toBe(idOf(cause!));
    }
  });
});

describe('A reservation', () => {
  it('is released when its order is rejected', async () => {
    const store = await stocked({ LAMP: 5, CORD: 5 });
    const order = placed({ LAMP: 2, CORD: 1 });
    const refusal = rejected(idOf(order));
    await settleReservations(store, [order], { now });
    await settleReservations(store, [refusal], { now });
    expect(await reservation(store, idOf(order))).toMatchObject({ status: 'released' });
    expect(available(await stock(store, 'LAMP'))).toBe(5);
    await expectSettled(store, [order, refusal]);
  });

  it('is made and released when both events come in one batch', async () => {
    const store = await stocked({ LAMP: 5 });
    const order = placed({ LAMP: 2 });
    const batch = [order, placed({ LAMP: 1 }), rejected(idOf(order))];
    await settleReservations(store, batch, { now });
    expect(typesOf(store, `reservation-${idOf(order)}`)).toEqual(['ReservationConfirmed', 'ReservationReleased']);
    await expectSettled(store, batch);
  });

  it('is fulfilled, and its goods issued, when they were dispatched', async () => {
    const store = await stocked({ LAMP: 5 });
    const order = placed({ LAMP: 2 });
    const dispatch = dispatched(idOf(order), { LAMP: 2 });
    await settleReservations(store, [order], { now });
    await settleReservations(store, [dispatch], { now });
    expect(await reservation(store, idOf(order))).toMatchObject({ status: 'fulfilled' });
    expect(await stock(store, 'LAMP')).toMatchObject({ onHand: 3, reservedTotal: 0 });
    await expectSettled(store, [order, dispatch]);
  });

  it('that an order rejected for want of stock leaves behind is not opened again', async () => {
    const store = await stocked({ LAMP: 1 });
    const order = placed({ LAMP: 2 });
    await settleReservations(store, [order], { now });
    await expectSettled(store, [order, rejected(idOf(order))]);
    await expectSettled(store, [order, cancelled(idOf(order))]);
  });

  it.each([
    ['its order is cancelled before it is paid', cancelled],
    ['the goods of its paid order will not leave', shipmentCancelled],
  ])('is released when %s, in the batch of the order or long after', async (_what, end) => {
    for (const together of [true, false]) {
      const store = await stocked({ LAMP: 5, CORD: 5 });
      const order = placed({ LAMP: 2, CORD: 1 });
      const over = end(idOf(order));
      for (const batch of together ? [[order, over]] : [[order], [over]]) await settleReservations(store, batch, { now });
      expect(typesOf(store, `reservation-${idOf(order)}`)).toEqual(['ReservationConfirmed', 'ReservationReleased']);
      expect(typesOf(store, 'stock-LAMP')).toEqual(['StockReceived', 'StockReserved', 'StockReleased']);
      await receive(store, 'LAMP', 1);
      const next = placed({ LAMP: 6 });
      await settleReservations(store, [next], { now });
      await expectSettled(store, [order, over, next]);
    }
  });

  it('is returned, and its goods are on hand again, when they come back', async () => {
    const store = await stocked({ LAMP: 5, CORD: 1 });
    const basket = { LAMP: 2, CORD: 1 };
    const order = placed(basket);
    const [dispatch, comeBack] = [dispatched(idOf(order), basket), returned(idOf(order), basket)];
    await settleReservations(store, [order], { now });
    await settleReservations(store, [dispatch], { now });
    expect(await stock(store, 'CORD')).toMatchObject({ onHand: 0 });
    await settleReservations(store, [comeBack], { now });
    expect(await reservation(store, idOf(order))).toEqual({ status: 'returned', lines: linesOf(basket) });
    expect(await stock(store, 'LAMP')).toMatchObject({ onHand: 5, reservedTotal: 0 });
    expect(await stock(store, 'CORD')).toMatchObject({ onHand: 1, reservedTotal: 0 });
    await expectSettled(store, [order, dispatch, comeBack]);
  });

  it('is fulfilled and returned when both events come in one batch', async () => {
    const store = await stocked({ LAMP: 5 });
    const order = placed({ LAMP: 2 });
    await settleReservations(store, [order], { now });
    const batch = [dispatched(idOf(order), { LAMP: 2 }), placed({ LAMP: 1 }), returned(idOf(order), { LAMP: 2 })];
    await settleReservations(store, batch, { now });
    expect(typesOf(store, `reservation-${idOf(order)}`)).toEqual(['ReservationConfirmed', 'ReservationFulfilled', 'ReservationReturned']);
    expect(typesOf(store, 'stock-LAMP').slice(1)).toEqual(['StockReserved', 'StockReserved', 'StockIssued', 'StockReturned']);
    await expectSettled(store, [order, ...batch]);
  });

  it('is returned in whole although an attempt died between the end and the lines of its dispatch', async () => {
    const store = await stocked({ LAMP: 5, CORD: 5 });
    const basket = { LAMP: 2, CORD: 1 };
    const order = placed(basket);
    const [dispatch, comeBack] = [dispatched(idOf(order), basket), returned(idOf(order), basket)];
    await settleReservations(store, [order], { now });
    await expect(settleReservations(observed(store, { append: 1, effect: false }), [dispatch], { now })).rejects.toThrow(StoreUnavailable);
    await settleReservations(store, [comeBack], { now });
    expect(
      [...typesOf(store, 'stock-LAMP'), ...typesOf(store, 'stock-CORD')]
        .filter((type) => type === 'StockIssued' || type === 'StockReturned')
        .sort(),
    ).toEqual(['StockIssued', 'StockIssued', 'StockReturned', 'StockReturned']);
    await expectSettled(store, [order, dispatch, comeBack]);
  });
});

/** Counts what reaches the store, and can fail an append before or after it took effect. */
function observed(
  inner: EventStore,
  failAt?: { readonly append: number; readonly effect: boolean },
): EventStore & { readonly reads: string[]; readonly appends: string[] } {
  const reads: string[] = [];
  const appends: string[] = [];
  return {
    reads,
    appends,
    read: (stream, options) => {
      reads.push(stream);
      return inner.read(stream, options);
    },
    append: async (stream, events, expected) => {
      const fails = appends.push(stream) - 1 === failAt?.append;
      if (fails && !failAt.effect) throw new StoreUnavailable('gone before the append');
      const result = await inner.append(stream, events, expected);
      if (fails) throw new StoreUnavailable('gone before the reply');
      return result;
    },
  };
}

it('Many orders for one product cost its stock one load and one append', async () => {
  const inner = await stocked({ HOT: 10_000 });
  const store = observed(inner);
  await settleReservations(
    store,
    Array.from({ length: 300 }, () => placed({ HOT: 1 })),
    { now },
  );
  expect(store.reads.filter((stream) => stream === 'stock-HOT')).toHaveLength(1);
  expect(store.appends.filter((stream) => stream === 'stock-HOT')).toHaveLength(1);
  expect(inner.all).toHaveLength(1 + 300 + 300);
});

it('More orders than one append may carry are settled in several', async () => {
  const inner = await stocked({ HOT: 10_000 });
  const store = observed(inner);
  const orders = Array.from({ length: 1_001 }, () => placed({ HOT: 1 }));
  await settleReservations(store, orders, { now });
  expect(store.appends.filter((stream) => stream === 'stock-HOT')).toHaveLength(3);
  await expectSettled(inner, orders);
});

describe('Broken off at any append and delivered again, a batch ends the same', () => {
  const short = placed({ LAMP: 2, CORD: 1, BULB: 9 });
  const paidNot = placed({ LAMP: 1, CORD: 2 });
  const sent = placed({ LAMP: 1, BULB: 1 });
  const unwanted = placed({ CORD: 1, LAMP: 1 });
  const late = placed({ CORD: 1 });
  const back = { LAMP: 1, CORD: 1 };
  const undeliverable = placed(back);
  const batch = [
    short,
    placed({ CORD: 1 }),
    paidNot,
    rejected(idOf(paidNot)),
    sent,
    dispatched(idOf(sent), { LAMP: 1, BULB: 1 }),
    unwanted,
    cancelled(idOf(unwanted)),
    late,
    shipmentCancelled(idOf(late)),
    undeliverable,
    dispatched(idOf(undeliverable), back),
    returned(idOf(undeliverable), back),
  ];
  const stocks = { LAMP: 6, CORD: 8, BULB: 1 };
  const sortedEvents = (store: InMemoryEventStore) =>
    store.all
      .slice(3)
      .map((each) => `${each.stream} ${each.event.type}`)
      .sort();

  it.each([true, false])('when the append took effect: %s', async (effect) => {
    const undisturbed = await stocked(stocks);
    const whole = observed(undisturbed);
    await settleReservations(whole, batch, { now });
    await expectSettled(undisturbed, batch);
    expect(whole.appends.length).toBeGreaterThan(12);

    for (const append of whole.appends.keys()) {
      const store = await stocked(stocks);
      await expect(settleReservations(observed(store, { append, effect }), batch, { now })).rejects.toThrow(StoreUnavailable);
      await settleReservations(store, batch, { now });
      await expectSettled(store, batch);
      expect(sortedEvents(store)).toEqual(sortedEvents(undisturbed));
    }
  });
});

describe('Two attempts at one batch side by side', () => {
  /** Every read and append waits for its turn; after `lives` of them the attempt is dead. */
  function gated(scheduler: fc.Scheduler, inner: EventStore, name: string, lives = Number.POSITIVE_INFINITY): EventStore {
    let left = lives;
    const turn = async (label: string): Promise<void> => {
      await scheduler.schedule(Promise.resolve(), `${name} ${label}`);
      if (left-- <= 0) throw new StoreUnavailable(`${name} is dead`);
    };
    return {
      async *read(stream, options) {
        await turn(`reads ${stream}`);
        yield* inner.read(stream, options);
      },
      async append(stream, events, expected) {
        await turn(`appends to ${stream}`);
        return inner.append(stream, events, expected);
      },
    };
  }

  const basket = { CORD: 1, LAMP: 1 };
  const ends = {
    'is rejected': (orderId: string) => [rejected(orderId)],
    'is cancelled': (orderId: string) => [cancelled(orderId)],
    'stays on the shelf': () => [],
    'will not leave': (orderId: string) => [shipmentCancelled(orderId)],
    leaves: (orderId: string) => [dispatched(orderId, basket)],
    'leaves and comes back': (orderId: string) => [dispatched(orderId, basket), returned(orderId, basket)],
  } as const;

  /** Falls asleep before its read or append of that number, and may make so many appends when it wakes up. */
  function sleeping(
    inner: EventStore,
    sleepsAt: number,
    whileAsleep: () => Promise<void>,
    appendsLeft: number,
  ): EventStore & { readonly hasSlept: boolean } {
    let [passed, left, slept] = [0, appendsLeft, false];
    const pass = async (): Promise<void> => {
      if (passed++ !== sleepsAt) return;
      await whileAsleep();
      slept = true;
    };
    return {
      get hasSlept() {
        return slept;
      },
      async *read(stream, options) {
        await pass();
        yield* inner.read(stream, options);
      },
      async append(stream, events, expected) {
        await pass();
        if (slept && left-- <= 0) throw new StoreUnavailable('it dies after all');
        return inner.append(stream, events, expected);
      },
    };
  }

  it.each(Object.entries(ends))(
    'end as one would when one sleeps anywhere until the other’s order %s, and then dies anywhere',
    async (_what, end) => {
      const order = placed(basket);
      const later = end(idOf(order));
      const matrix = [[order], [order, ...later]].flatMap((batch) => [0, 1, 2, 3].map((appendsLeft) => ({ batch, appendsLeft })));
      for (const { batch, appendsLeft } of matrix) {
        for (let sleepsAt = 0; ; sleepsAt++) {
          const store = await stocked({ LAMP: 3, CORD: 2 });
          const zombie = sleeping(store, sleepsAt, () => settleReservations(store, [order, ...later], { now }), appendsLeft);
          await settleReservations(zombie, batch, { now }).catch((fault: unknown) => expect(fault).toBeInstanceOf(StoreUnavailable));
          if (!zombie.hasSlept) break;
          await expectSettled(store, [order, ...later]);
        }
      }
    },
  );

  interface Story {
    /** Events of the batch that two attempts settle at the same time. */
    readonly batch: readonly ReservationTrigger[];
    readonly second: ReservationTrigger;
    /** What becomes of the second order if its goods are held. */
    readonly endOfSecond: keyof typeof ends;
  }

  /** The first order ends before it is paid, and may do so in the batch that brings it. */
  function storyOf(
    endOfFirst: keyof typeof ends,
    isInBatch: boolean,
    endOfSecond: keyof typeof ends,
  ): Story & { readonly later: readonly ReservationTrigger[] } {
    const [first, second] = [placed({ LAMP: 2, CORD: 1 }), placed(basket)];
    const end = ends[endOfFirst](idOf(first));
    return { batch: [first, second, ...(isInBatch ? end : [])], later: isInBatch ? [] : end, second, endOfSecond };
  }

  it('end as one attempt would, also when one of them dies, goods arrive, and orders end and goods return meanwhile', async () => {
    const [manyLives, fewLives] = [fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 15 })];
    const unpaid = fc.constantFrom('is rejected', 'is cancelled', 'stays on the shelf' as const);
    const paid = fc.constantFrom('stays on the shelf', 'will not leave', 'leaves', 'leaves and comes back' as const);
    const stories = fc.tuple(unpaid, fc.boolean(), paid);
    const anyStock = fc.integer({ min: 0, max: 3 });
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        manyLives,
        fewLives,
        anyStock,
        stories,
        async (scheduler, firstLives, secondLives, inStock, [endOfFirst, isInBatch, endOfSecond]) => {
          const store = await stocked({ LAMP: inStock, CORD: 2 });
          const story = storyOf(endOfFirst, isInBatch, endOfSecond);
          const pause = (): Promise<unknown> => scheduler.schedule(Promise.resolve(), 'pause');
          const settling = (name: string, triggers: readonly ReservationTrigger[], livesLeft?: number): Promise<void> =>
            settleReservations(gated(scheduler, store, name, livesLeft), triggers, { now, pause });
          const goOn = async (): Promise<ReservationTrigger[]> => {
            await settling('owner', story.batch);
            const { status } = await reservation(store, idOf(story.second));
            const later = [...story.later, ...(status === 'confirmed' ? ends[story.endOfSecond](idOf(story.second)) : [])];
            const zombie = settling('second zombie', later, secondLives).catch((fault: unknown) => fault);
            await Promise.all([settling('owner', later), zombie]);
            return later;
          };
          const zombie = settling('zombie', story.batch, firstLives).catch((fault: unknown) => fault);
          const owner = goOn();
          const receipt = receive(gated(scheduler, store, 'receipt'), 'LAMP', 2);
          await scheduler.waitFor(Promise.all([zombie, owner, receipt]));
          await expectSettled(store, [...story.batch, ...(await owner)]);
        },
      ),
      { numRuns: 400 },
    );
  }, 30_000);
});

it('Whoever settles in time of its own waits only in that, in every wave', async () => {
  const store = await stocked({ LAMP: 1 });
  const attempts = new Map<string, number>();
  const contended: EventStore = {
    read: store.read.bind(store),
    append: async (stream, events, expected) => {
      const nth = (attempts.get(stream) ?? 0) + 1;
      attempts.set(stream, nth);
      return nth % 2 === 1 ? { ok: false, actual: expected } : store.append(stream, events, expected);
    },
  };
  const pauses: number[] = [];
  const order = placed({ LAMP: 2 });
  vi.useFakeTimers();
  try {
    await settleReservations(contended, [order], { now, pause: async (forMs) => pauses.push(forMs) });
  } finally {
    vi.useRealTimers();
  }
  expect([...attempts.values()]).toEqual([4, 2]);
  expect(pauses).toHaveLength(3);
  await expectSettled(store, [order]);
});
