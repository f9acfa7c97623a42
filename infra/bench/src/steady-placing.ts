import { setTimeout as delay } from 'node:timers/promises';
import { eachOf } from '@orderstream/acceptance/shop/api';
import { place } from '@orderstream/acceptance/shop/customers';
import type { PlannedOrder } from '@orderstream/acceptance/shop/plan';
import type { ServiceUrls } from '@orderstream/acceptance/shop/service-urls';

const CUSTOMERS_AT_ONCE = 16;

/** Places orders at a steady rate, each when it is due. @returns their ids. @throws when one is not acknowledged. */
export async function placeSteadily(urls: ServiceUrls, orders: readonly PlannedOrder[], perSecond: number): Promise<string[]> {
  const startMs = performance.now();
  const placed: string[] = [];
  await eachOf(orders.entries(), CUSTOMERS_AT_ONCE, async ([index, order]) => {
    await delay(Math.max(0, startMs + (index * 1_000) / perSecond - performance.now()));
    placed.push((await place(urls, order, { untilVisible: false })).orderId);
  });
  return placed;
}
