import type { Category, EventType } from '@orderstream/contracts';
import { serviceNames, type ServiceName } from '@orderstream/services';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { goShopping, openShop } from '../src/demo/shopping.ts';
import { backlog } from '../src/drain.ts';
import { readBook } from '../src/ledger/ledger.ts';
import type { Platform } from '../src/platform.ts';
import { eachOf } from '../src/shop/api.ts';
import { place } from '../src/shop/customers.ts';
import { type Outcome, endsByDeadline } from '../src/shop/outcomes.ts';
import { type PlannedOrder, plan, planOf } from '../src/shop/plan.ts';
import { type TestPlatform, expectCleanLedger, expectPlannedOutcomes, startPlatform } from './harness.ts';
import { killInside } from './kill-inside.ts';
import { readUncommitted } from './read-uncommitted.ts';

/** Whether none of these events is in a stream: as far as the observer has read, and then by the store itself. */
async function isUntold({ observer }: Platform, stream: string, types: readonly string[]): Promise<boolean> {
  const isOne = ({ event }: { readonly event: { readonly type: string } }): boolean => types.includes(event.type);
  if (observer.events.some((stored) => stored.stream === stream && isOne(stored))) return false;
  for await (const stored of observer.store.read(stream)) if (isOne(stored)) return false;
  return true;
}

/** Whether something has happened that a stream of the same order still has to answer. */
async function isUnanswered(platform: Platform, asked: EventType, by: Category, answers: readonly EventType[]): Promise<boolean> {
  for (const { event } of platform.observer.events.filter((stored) => stored.event.type === asked)) {
    const { orderId } = event.data as { readonly orderId: string };
    if (await isUntold(platform, `${by}-${orderId}`, answers)) return true;
  }
  return false;
}

/** Whether the provider has booked a refund that no payment stream has recorded yet. */
async function isRefundUntold(platform: Platform): Promise<boolean> {
  for (const { reference } of (await readBook(platform)).filter(({ kind }) => kind === 'refund')) {
    if (await isUntold(platform, `payment-${reference}`, ['PaymentRefunded'])) return true;
  }
  return false;
}

async function isAuthorising(platform: Platform): Promise<boolean> {
  const asking = "SELECT FROM payment_attempt WHERE step = 'authorise' AND state = 'pending' AND attempts > 0";
  return (await platform.query('payment_service', asking)).length > 0;
}

function isUnrelayed({ observer }: Platform, type: EventType): boolean {
  const relayed = new Set(observer.records.map(({ eventId }) => eventId));
  return observer.events.some(({ id, event }) => event.type === type && !relayed.has(id));
}

describe('Killed (-9) and started again,', () => {
  let test: TestPlatform;
  const quick = plan(168, 5)
    .orders.filter(({ outcome }) => !endsByDeadline(outcome))
    .map((order) => ({ ...order, copies: 1 }));
  let seed = 100;
  const ordersOf = (outcomes: readonly Outcome[], times: number): PlannedOrder[] => {
    const wanted = Array.from({ length: times }, () => outcomes).flat();
    return planOf(wanted, seed++).orders.map((order) => ({ ...order, copies: 1 }));
  };
  /** The provider answers each request two seconds after it has booked it: time for a kill. */
  const slowly = (orders: readonly PlannedOrder[]): PlannedOrder[] =>
    orders.map((order) => ({ ...order, body: { ...order.body, paymentMethod: 'pm_card_slow' } }));

  /** Customers that are cut off send the same orders again under the same keys, and go on with what was planned. */
  const survive = async (
    name: ServiceName,
    orders: readonly PlannedOrder[],
    isOpen: (platform: Platform) => boolean | Promise<boolean>,
  ): Promise<void> => {
    const { stack, platform } = test;
    const cutOff = Promise.allSettled([goShopping(platform, orders, { rate: null, onProgress: () => {} })]);
    await killInside(test, name, () => isOpen(platform));
    await stack.startServices([name]);
    await cutOff;
    expectPlannedOutcomes(platform, await goShopping(platform, orders, { rate: null, onProgress: () => {} }));
    await expectCleanLedger(platform);
  };

  beforeAll(async () => {
    test = await startPlatform();
    await openShop(test.platform, plan(400, 1).products);
  });
  // A test that failed before it started again what it had killed must not fail the others.
  afterEach(async () => {
    const { stack } = test;
    await stack.startServices(
      serviceNames.filter((name) => stack.status().every((status) => status.name !== name || status.pid === undefined)),
    );
  });
  afterAll(() => test?.end());

  it('a relay with a transaction open and events waiting loses nothing and repeats nothing', async () => {
    const { stack, platform } = test;
    const uncommitted = await readUncommitted(platform.kafka, 'orders');
    await stack.stop('relay');
    // Nothing is relayed now, so the order's row is not waited for.
    await eachOf(quick.slice(0, 60), 8, async (order) => void (await place(platform.urls, order, { untilVisible: false })));
    await stack.startService('relay');
    await killInside(test, 'relay', () => uncommitted.sees(platform.admin));
    expect(platform.observer.unrelayed).not.toEqual([]);
    await stack.startService('relay');
    const placed = await goShopping(platform, quick.slice(0, 60), { rate: null, onProgress: () => {} });
    expectPlannedOutcomes(platform, placed);
    await expectCleanLedger(platform);
    await uncommitted.close();
  });

  it('a projector inside the transaction of a batch applies that batch once', async () => {
    const { stack, platform } = test;
    const inTransaction = async (): Promise<boolean> => {
      const rows = await platform.query<{ open: string }>(
        'order_service',
        "SELECT count(*) AS open FROM pg_stat_activity WHERE usename = 'order_service' AND state = 'idle in transaction'",
      );
      return rows[0]!.open !== '0';
    };
    const cutOff = Promise.allSettled([goShopping(platform, quick.slice(60, 110), { rate: null, onProgress: () => {} })]);
    await killInside(test, 'order-service', inTransaction);
    expect(await backlog(platform)).toContainEqual(expect.stringMatching(/^order-(summary|price-list|demand): behind/));
    await stack.startServices(['order-service']);
    await cutOff;
    // A customer that was cut off sends the same order again under the same key.
    const placed = await goShopping(platform, quick.slice(60, 110), { rate: null, onProgress: () => {} });
    expectPlannedOutcomes(platform, placed);
    await expectCleanLedger(platform);
  });

  it('a reactor between its effect and the commit of its offset is delivered the same events again, to no effect', async () => {
    const { stack, platform } = test;
    const recordOf = new Map<string, { topic: string; partition: number; offset: bigint }>();
    /** Events caused by records behind the committed offset: their effect is stored, their delivery is not acknowledged. */
    const unacknowledged = async (): Promise<number> => {
      for (const record of platform.observer.records) if (record.eventId !== null) recordOf.set(record.eventId, record);
      const committed = new Map<string, bigint>();
      const offsets = await platform.admin.fetchOffsets({ groupId: 'inventory-reservations', topics: ['orders'] });
      for (const { partition, offset } of offsets[0]!.partitions) committed.set(`orders/${partition}`, BigInt(offset));
      return platform.observer.events.filter(({ stream, metadata }) => {
        const cause = recordOf.get(metadata.$causationId);
        return (
          /^(stock|reservation)-/.test(stream) && cause?.topic === 'orders' && cause.offset >= committed.get(`orders/${cause.partition}`)!
        );
      }).length;
    };
    const shopping = Promise.allSettled([goShopping(platform, quick.slice(110), { rate: null, onProgress: () => {} })]);
    await killInside(test, 'inventory-service', async () => (await unacknowledged()) > 0);
    expect(await unacknowledged()).toBeGreaterThan(0);
    await stack.startServices(['inventory-service']);
    const [placed] = await shopping;
    if (placed.status === 'rejected') throw placed.reason;
    expectPlannedOutcomes(platform, placed.value);
    await expectCleanLedger(platform);
  });

  it('order-service with work open ends the orders whose goods came back meanwhile', async () => {
    await survive('order-service', ordersOf(['recalled and returned', 'returned to sender'], 5), (platform) =>
      isUnanswered(platform, 'ShipmentReturned', 'order', ['OrderCancelled']),
    );
  });

  it('inventory-service with work open releases what was reserved for shipments that were cancelled meanwhile', async () => {
    await survive('inventory-service', ordersOf(['cancelled before dispatch', 'delivered'], 5), (platform) =>
      isUnanswered(platform, 'ShipmentCancelled', 'reservation', ['ReservationReleased']),
    );
  });

  it('shipping-service with work open answers the cancellations that were asked for meanwhile', async () => {
    await survive(
      'shipping-service',
      ordersOf(['cancelled before dispatch', 'recalled and returned', 'recalled too late'], 4),
      (platform) =>
        isUnanswered(platform, 'OrderCancellationRequested', 'shipment', ['ShipmentCancelled', 'ShipmentRecalled', 'ShipmentDelivered']),
    );
  });

  it('payment-service with work open records a refund that was booked and never heard of, and asks for none twice', async () => {
    const orders = slowly(ordersOf(['recalled and returned', 'cancelled before dispatch'], 3));
    await survive('payment-service', orders, isRefundUntold);
  });

  it('payment-provider with work open does once what it was asked for when it died', async () => {
    await survive('payment-provider', slowly(ordersOf(['delivered', 'returned to sender'], 3)), isAuthorising);
  });

  it('relay with work open passes on a recall once', async () => {
    await survive('relay', ordersOf(['recalled and returned', 'recalled too late'], 5), (platform) =>
      isUnrelayed(platform, 'ShipmentRecalled'),
    );
  });
});
