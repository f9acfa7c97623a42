import type { Category, EventType } from '@orderstream/contracts';
import type { ServiceName } from '@orderstream/local-stack/layout';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { goShopping, openShop } from '../src/demo/shopping.ts';
import { readBook } from '../src/ledger/ledger.ts';
import type { Platform } from '../src/platform.ts';
import type { Outcome } from '../src/shop/outcomes.ts';
import { type PlannedOrder, plan, planOf } from '../src/shop/plan.ts';
import { type TestPlatform, expectCleanLedger, expectPlannedOutcomes, startPlatform } from './harness.ts';
import { killInside } from './kill-inside.ts';

/** Whether none of these events is in a stream: as far as the observer has come, and then by the store itself. */
async function isUntold({ observer }: Platform, stream: string, types: readonly string[]): Promise<boolean> {
  const isOne = ({ event }: { readonly event: { readonly type: string } }): boolean => types.includes(event.type);
  if (observer.facts.some((fact) => fact.stream === stream && isOne(fact))) return false;
  for await (const stored of observer.store.read(stream)) if (isOne(stored)) return false;
  return true;
}

/** Whether something has happened that a stream of the same order has still to answer. */
async function isUnanswered(platform: Platform, asked: EventType, by: Category, answers: readonly EventType[]): Promise<boolean> {
  for (const { event } of platform.observer.facts.filter((fact) => fact.event.type === asked)) {
    const { orderId } = event.data as { readonly orderId: string };
    if (await isUntold(platform, `${by}-${orderId}`, answers)) return true;
  }
  return false;
}

/** Whether the provider has booked a refund that no payment stream tells of yet. */
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

/** Whether a fact is not on its topic, and no slow reader is the reason: it still is not after many answers of the broker. */
async function isUnrelayed({ observer, admin }: Platform, type: EventType): Promise<boolean> {
  const asOften = 20;
  for (let look = 1; look <= asOften; look++) {
    const relayed = new Set(observer.records.map(({ eventId }) => eventId));
    if (observer.facts.every(({ id, event }) => event.type !== type || relayed.has(id))) return false;
    await admin.fetchTopicOffsets('shipments');
  }
  return true;
}

describe('Killed (-9) with work open, and started again,', () => {
  let test: TestPlatform;
  let seed = 100;
  const ordersOf = (outcomes: readonly Outcome[], times: number): PlannedOrder[] => {
    const wanted = Array.from({ length: times }, () => outcomes).flat();
    return planOf(wanted, seed++).orders.map((order) => ({ ...order, copies: 1 }));
  };
  /** The provider answers each request two seconds after it has booked it: there is time to die in. */
  const slowly = (orders: readonly PlannedOrder[]): PlannedOrder[] =>
    orders.map((order) => ({ ...order, body: { ...order.body, paymentMethod: 'pm_card_slow' } }));

  /** Whoever is cut off sends the same orders again under the same keys, and goes on with what was planned. */
  const survive = async (
    name: ServiceName,
    orders: readonly PlannedOrder[],
    isOpen: (platform: Platform) => Promise<boolean>,
  ): Promise<void> => {
    const { stack, platform } = test;
    const cutOff = Promise.allSettled([goShopping(platform, orders, { rate: null, onProgress: () => {} })]);
    await killInside(stack, name, () => isOpen(platform));
    await stack.startServices([name]);
    await cutOff;
    expectPlannedOutcomes(platform, await goShopping(platform, orders, { rate: null, onProgress: () => {} }));
    await expectCleanLedger(platform);
  };

  beforeAll(async () => {
    test = await startPlatform();
    await openShop(test.platform, plan(200, 1).products);
  });
  afterAll(() => test?.end());

  it('order-service ends the orders whose goods came back meanwhile', async () => {
    await survive('order-service', ordersOf(['recalled and returned', 'returned to sender'], 5), (platform) =>
      isUnanswered(platform, 'ShipmentReturned', 'order', ['OrderCancelled']));
  });

  it('inventory-service releases what was reserved for shipments that were cancelled meanwhile', async () => {
    await survive('inventory-service', ordersOf(['cancelled before dispatch', 'delivered'], 5), (platform) =>
      isUnanswered(platform, 'ShipmentCancelled', 'reservation', ['ReservationReleased']));
  });

  it('shipping-service answers the cancellations that were asked for meanwhile', async () => {
    await survive('shipping-service', ordersOf(['cancelled before dispatch', 'recalled and returned', 'recalled too late'], 4), (platform) =>
      isUnanswered(platform, 'OrderCancellationRequested', 'shipment', ['ShipmentCancelled', 'ShipmentRecalled', 'ShipmentDelivered']));
  });

  it('payment-service records a refund that was booked and never heard of, and asks for none twice', async () => {
    const orders = slowly(ordersOf(['recalled and returned', 'cancelled before dispatch'], 3));
    await survive('payment-service', orders, isRefundUntold);
  });

  it('payment-provider does once what it was asked for when it died', async () => {
    await survive('payment-provider', slowly(ordersOf(['delivered', 'returned to sender'], 3)), isAuthorising);
  });

  it('relay passes on a recall once', async () => {
    await survive('relay', ordersOf(['recalled and returned', 'recalled too late'], 5), (platform) => isUnrelayed(platform, 'ShipmentRecalled'));
  });
});
