import { setTimeout as delay } from 'node:timers/promises';
import { drained } from '../drain.ts';
import type { Platform } from '../platform.ts';
import { eachOf } from '../shop/api.ts';
import { type PlacedOrder, changeMinds, place, stockShop } from '../shop/customers.ts';
import { openOrders } from '../shop/open-orders.ts';
import type { PlannedOrder, PlannedProduct } from '../shop/plan.ts';
import { workWarehouse } from '../shop/warehouse.ts';
import { outcomesOf } from './outcomes.ts';

const CUSTOMERS_AT_ONCE = 8;
const ROUND_EVERY_MS = 200;
/** Without a single new event for this long, something hangs. */
const STALLED_AFTER_MS = 60_000;

export interface Progress {
  readonly placed: number;
  readonly ended: number;
  readonly events: number;
}

/** Lists and stocks the products, and waits until the order service knows the prices. */
export async function openShop(platform: Platform, products: readonly PlannedProduct[]): Promise<void> {
  await stockShop(platform.urls, products);
  await drained(platform, { timeoutMs: STALLED_AFTER_MS });
}

export interface Shopping {
  /** Orders a second; null places them as fast as they are answered. */
  readonly rate: number | null;
  readonly onProgress: (progress: Progress) => void;
}

/**
 * Places all orders while customers and the warehouse do what is planned; returns when every order has ended and
 * nothing is under way any more.
 */
export async function goShopping(platform: Platform, planned: readonly PlannedOrder[], shopping: Shopping): Promise<PlacedOrder[]> {
  const placed = await untilEnded(platform, planned, shopping);
  await drained(platform, { timeoutMs: STALLED_AFTER_MS });
  return placed;
}

/** Like `goShopping`, but for these orders alone: others may still be under way. */
export async function untilEnded(
  platform: Platform,
  planned: readonly PlannedOrder[],
  { rate, onProgress }: Shopping,
): Promise<PlacedOrder[]> {
  const placed: PlacedOrder[] = [];
  const plannedFor = new Map<string, PlannedOrder>();
  const startMs = performance.now();
  const placing = eachOf(planned.entries(), CUSTOMERS_AT_ONCE, async ([index, order]) => {
    if (rate !== null) await delay(Math.max(0, startMs + (index * 1000) / rate - performance.now()));
    const done = await place(platform.urls, order);
    plannedFor.set(done.orderId, order);
    placed.push(done);
  });
  let failed: unknown = null;
  placing.catch((fault: unknown) => (failed = fault));
  let events = -1;
  let movedAtMs = performance.now();
  for (;;) {
    if (failed !== null) throw failed;
    const open = await openOrders(platform.urls);
    await workWarehouse(platform.urls, open, plannedFor);
    await changeMinds(platform.urls, open, plannedFor);
    const outcomes = outcomesOf(platform.observer.events);
    const ended = placed.filter(({ orderId }) => (outcomes.get(orderId) ?? 'open') !== 'open').length;
    onProgress({ placed: placed.length, ended, events: platform.observer.events.length });
    if (ended >= planned.length && placed.length === planned.length) break;
    if (platform.observer.events.length !== events) {
      events = platform.observer.events.length;
      movedAtMs = performance.now();
    } else if (performance.now() - movedAtMs > STALLED_AFTER_MS) {
      throw new Error(`nothing has happened for ${STALLED_AFTER_MS / 1000} s: ${ended} of ${planned.length} orders have ended`);
    }
    await delay(ROUND_EVERY_MS);
  }
  await placing;
  return placed;
}
