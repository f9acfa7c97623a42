import { setTimeout as delay } from 'node:timers/promises';
import { call, eachOf } from '@orderstream/acceptance/shop/api';
import { place } from '@orderstream/acceptance/shop/customers';
import type { PlannedOrder } from '@orderstream/acceptance/shop/plan';
import type { ServiceUrls } from '@orderstream/acceptance/shop/service-urls';

const CUSTOMERS_AT_ONCE = 16;
const LOOK_EVERY_MS = 200;
const DELIVERED_WITHIN_MS = 300_000;

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

/** Looks at one order after the other, which costs the platform little. @throws when one is not delivered within minutes. */
export async function untilDelivered(urls: ServiceUrls, orderIds: readonly string[]): Promise<void> {
  const giveUpAtMs = performance.now() + DELIVERED_WITHIN_MS;
  for (const id of orderIds) {
    while ((await call('GET', `${urls.order}/orders/${id}`)).body['status'] !== 'delivered') {
      if (performance.now() > giveUpAtMs) throw new Error(`order ${id} is not delivered after ${DELIVERED_WITHIN_MS / 1_000} s`);
      await delay(LOOK_EVERY_MS);
    }
  }
}
