import { randomUUID } from 'node:crypto';
import { type EventNamed, type EventOf, checkEvent } from '@orderstream/contracts';
import { type EventStore, StoreUnavailable, handleCommands, load } from '@orderstream/event-sourcing';
import { InMemoryEventStore } from '@orderstream/event-sourcing/testing';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { entriesOf } from './domain/holdings.ts';
import { reservationDecider } from './domain/reservation.decider.ts';
import { available, stockDecider } from './domain/stock.decider.ts';
import { type ReservationTrigger, settleReservations } from './reservations.ts';

const at = '2026-01-01T00:00:00.000Z';
const now = (): string => at;
const euro = { amount: 100, currency: 'EUR' };

function delivered(event: EventNamed<'OrderPlaced' | 'OrderRejected' | 'ShipmentDispatched'>): ReservationTrigger {
  checkEvent(event.type, event.data);
  const stream = `${event.type === 'ShipmentDispatched' ? 'shipment' : 'order'}-${event.data.orderId}`;
  return { id: randomUUID(), event, stream, revision: 0, recordedAt: at, correlationId: randomUUID(), causationId: randomUUID() } as ReservationTrigger;
}

type Basket = Record<string, number>;
const linesOf = (basket: Basket) => Object.entries(basket).map(([sku, quantity]) => ({ sku, quantity }));
const placed = (basket: Basket, orderId: string = randomUUID()): ReservationTrigger => {
  const lines = linesOf(basket).map((line) => ({ ...line, unitPrice: euro }));
  return delivered({ type: 'OrderPlaced', data: { orderId, customerId: randomUUID(), lines, total: euro, paymentMethod: 'card', recipient: 'sealed', placedAt: at } });
};
const rejected = (orderId: string): ReservationTrigger =>
  delivered({ type: 'OrderRejected', data: { orderId, reason: 'PAYMENT_DECLINED', detail: '', rejectedAt: at } });
const dispatched = (orderId: string, basket: Basket): ReservationTrigger =>
  delivered({ type: 'ShipmentDispatched', data: { orderId, lines: linesOf(basket), carrier: 'DHL', trackingNumber: 'T1', dispatchedAt: at } });

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
const typesOf = (store: InMemoryEventStore, stream: string) => store.all.filter((each) => each.stream === stream).map(({ event }) => event.type);
const idOf = (trigger: ReservationTrigger): string => trigger.event.data.orderId;

/** What must hold once every event was delivered: each order all or nothing, and nothing open for one that ended. */
async function expectSettled(store: InMemoryEventStore, triggers: readonly ReservationTrigger[]): Promise<void> {
  const expected = new Map<string, Record<string, number>>();
  for (const { event } of triggers) {
    if (event.type !== 'OrderPlaced') continue;
    const { status } = await reservation(store, event.data.orderId);
    expect(status).not.toBe('none');
    for (const { sku, quantity } of event.data.lines) {
      const held = expected.get(sku) ?? {};
      expected.set(sku, status === 'confirmed' ? { ...held, [event.data.orderId]: quantity } : held);
    }
  }
  for (const [sku, held] of expected) {
    const state = await stock(store, sku);
    expect(Object.fromEntries(entriesOf(state.reserved)), sku).toEqual(held);
    expect(entriesOf(state.refused), sku).toEqual([]);
    expect(available(state), sku).toBeGreaterThanOrEqual(0);
  }
  const appended = store.all.length;
  await settleReservations(store, triggers, now);
  expect(store.all.slice(appended)).toEqual([]);
}

describe('An order that was placed', () => {
  it('holds every line when all are there', async () => {
    const store = await stocked({ LAMP: 5, CORD: 5 });
    const order = placed({ LAMP: 2, CORD: 5 });
    await settleReservations(store, [order], now);
    expect(await reservation(store, idOf(order))).toEqual({ status: 'confirmed', lines: linesOf({ LAMP: 2, CORD: 5 }) });
    expect(available(await stock(store, 'LAMP'))).toBe(3);
    await expectSettled(store, [order]);
  });

  it('holds nothing when one line is short, and says which', async () => {
    const store = await stocked({ LAMP: 5, CORD: 4 });
    const order = placed({ LAMP: 2, CORD: 5, BULB: 1 });
    await settleReservations(store, [order], now);
    expect(store.all.find(({ event }) => event.type === 'ReservationRejected')?.event.data).toMatchObject({ shortSkus: ['CORD', 'BULB'] });
    expect(typesOf(store, 'stock-LAMP')).toEqual(['StockReceived', 'StockReserved', 'StockReleased']);
    expect(typesOf(store, 'stock-CORD')).toEqual(['StockReceived', 'StockRefused', 'StockReleased']);
    await expectSettled(store, [order]);
  });

  it('gets the same answer again although goods arrived meanwhile', async () => {
    const store = await stocked({ LAMP: 1 });
    const order = placed({ LAMP: 2 });
    await settleReservations(store, [order], now);
    await receive(store, 'LAMP', 5);
    await expectSettled(store, [order]);
    expect(await reservation(store, idOf(order))).toEqual({ status: 'rejected' });
  });

  it('is served first when it came first', async () => {
    const store = await stocked({ LAMP: 3 });
    const orders = [placed({ LAMP: 2 }), placed({ LAMP: 2 }), placed({ LAMP: 1 })];
    await settleReservations(store, orders, now);
    expect(await Promise.all(orders.map(async (order) => (await reservation(store, idOf(order))).status))).toEqual(['confirmed', 'rejected', 'confirmed']);
    await expectSettled(store, orders);
  });

  it('records facts that keep their contracts, caused by what was reacted to', async () => {
    const store = await stocked({ LAMP: 1 });
    const orders = [placed({ LAMP: 1 }), placed({ LAMP: 1 })];
    await settleReservations(store, orders, now);
    for (const { event, metadata } of store.all.slice(1)) {
      checkEvent(event.type, event.data);
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
    await settleReservations(store, [order], now);
    await settleReservations(store, [refusal], now);
    expect(await reservation(store, idOf(order))).toMatchObject({ status: 'released' });
    expect(available(await stock(store, 'LAMP'))).toBe(5);
    await expectSettled(store, [order, refusal]);
  });

  it('is made and released when both events come in one batch', async () => {
    const store = await stocked({ LAMP: 5 });
    const order = placed({ LAMP: 2 });
    const batch = [order, placed({ LAMP: 1 }), rejected(idOf(order))];
    await settleReservations(store, batch, now);
    expect(typesOf(store, `reservation-${idOf(order)}`)).toEqual(['ReservationConfirmed', 'ReservationReleased']);
    await expectSettled(store, batch);
  });

  it('is fulfilled, and its goods issued, when they were dispatched', async () => {
    const store = await stocked({ LAMP: 5 });
    const order = placed({ LAMP: 2 });
    const dispatch = dispatched(idOf(order), { LAMP: 2 });
    await settleReservations(store, [order], now);
    await settleReservations(store, [dispatch], now);
    expect(await reservation(store, idOf(order))).toMatchObject({ status: 'fulfilled' });
    expect(await stock(store, 'LAMP')).toMatchObject({ onHand: 3, reservedTotal: 0 });
    await expectSettled(store, [order, dispatch]);
  });

  it('that an order rejected for want of stock leaves behind is not opened again', async () => {
    const store = await stocked({ LAMP: 1 });
    const order = placed({ LAMP: 2 });
    await settleReservations(store, [order], now);
    await expectSettled(store, [order, rejected(idOf(order))]);
  });
});

/** Counts what reaches the store, and can fail an append before or after it took effect. */
function observed(inner: EventStore, failAt?: { readonly append: number; readonly effect: boolean }): EventStore & { readonly reads: string[]; readonly appends: string[] } {
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
  await settleReservations(store, Array.from({ length: 300 }, () => placed({ HOT: 1 })), now);
  expect(store.reads.filter((stream) => stream === 'stock-HOT')).toHaveLength(1);
  expect(store.appends.filter((stream) => stream === 'stock-HOT')).toHaveLength(1);
  expect(inner.all).toHaveLength(1 + 300 + 300);
});

it('More orders than one append may carry are settled in several', async () => {
  const inner = await stocked({ HOT: 10_000 });
  const store = observed(inner);
  const orders = Array.from({ length: 1_001 }, () => placed({ HOT: 1 }));
  await settleReservations(store, orders, now);
  expect(store.appends.filter((stream) => stream === 'stock-HOT')).toHaveLength(3);
  await expectSettled(inner, orders);
});

describe('Broken off at any append and delivered again, a batch ends the same', () => {
  const short = placed({ LAMP: 2, CORD: 1, BULB: 9 });
  const paidNot = placed({ LAMP: 1, CORD: 2 });
  const sent = placed({ LAMP: 1, BULB: 1 });
  const batch = [short, placed({ CORD: 1 }), paidNot, rejected(idOf(paidNot)), sent, dispatched(idOf(sent), { LAMP: 1, BULB: 1 })];
  const stocks = { LAMP: 4, CORD: 4, BULB: 1 };
  const sortedFacts = (store: InMemoryEventStore) => store.all.slice(3).map((each) => `${each.stream} ${each.event.type}`).sort();

  it.each([true, false])('when the append took effect: %s', async (effect) => {
    const undisturbed = await stocked(stocks);
    const whole = observed(undisturbed);
    await settleReservations(whole, batch, now);
    await expectSettled(undisturbed, batch);
    expect(whole.appends.length).toBeGreaterThan(12);

    for (const append of whole.appends.keys()) {
      const store = await stocked(stocks);
      await expect(settleReservations(observed(store, { append, effect }), batch, now)).rejects.toThrow(StoreUnavailable);
      await settleReservations(store, batch, now);
      await expectSettled(store, batch);
      expect(sortedFacts(store)).toEqual(sortedFacts(undisturbed));
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

  /** What comes of the orders afterwards: the first is rejected, the second is dispatched if its goods are held. */
  async function settleAndGoOn(store: EventStore, batch: readonly ReservationTrigger[]): Promise<ReservationTrigger[]> {
    await settleReservations(store, batch, now);
    const [first, second] = batch.map(idOf);
    const held = await reservation(store, second!);
    const later = [rejected(first!), ...(held.status === 'confirmed' ? [dispatched(second!, { CORD: 1, LAMP: 1 })] : [])];
    await settleReservations(store, later, now);
    return later;
  }

  it('end as one attempt would, also when one of them dies, goods arrive and orders end meanwhile', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 3 }), async (scheduler, lives, inStock) => {
        const store = await stocked({ LAMP: inStock, CORD: 2 });
        const batch = [placed({ LAMP: 2, CORD: 1 }), placed({ CORD: 1, LAMP: 1 })];
        const zombie = settleReservations(gated(scheduler, store, 'zombie', lives), batch, now).catch((fault: unknown) => fault);
        const owner = settleAndGoOn(gated(scheduler, store, 'owner'), batch);
        const receipt = receive(gated(scheduler, store, 'receipt'), 'LAMP', 2);
        await scheduler.waitFor(Promise.all([zombie, owner, receipt]));
        await expectSettled(store, [...batch, ...(await owner)]);
      }),
      { numRuns: 200 },
    );
  }, 30_000);
});
