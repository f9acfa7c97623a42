import { setTimeout as delay } from 'node:timers/promises';
import { openShop } from '@orderstream/acceptance/demo/shopping';
import { drained, untilDelivered } from '@orderstream/acceptance/drain';
import { checkLedger } from '@orderstream/acceptance/ledger/ledger';
import { type Platform, connectPlatform } from '@orderstream/acceptance/platform';
import { eachOf, must } from '@orderstream/acceptance/shop/api';
import { place } from '@orderstream/acceptance/shop/customers';
import { type PlannedOrder, planOf } from '@orderstream/acceptance/shop/plan';
import { freePortBase } from '@orderstream/local-stack/ports';
import { startStack } from '@orderstream/local-stack/stack';
import { AUTOMATIC } from '@orderstream/local-stack/stack-options';
import { type Measurements, type Ground, type Spread, spreadOf } from './comparison.ts';
import type { Options } from './options.ts';

const SICK = 500;
const HEALTHY = 40;
const WARM_UP = 60;
const AT_ONCE = 16;
/** Only of the healthy orders, whatever happens to the others. */
const EVERY_MS = 200;
const LOOK_EVERY_MS = 100;
const TRIED = "SELECT FROM payment_attempt WHERE state = 'pending' AND attempts > 0";
const TRIED_WITHIN_MS = 60_000;
const PAID_WITHIN_MS = 60_000;
const DRAINED_WITHIN_MS = 180_000;
/** Nothing is given up while this measures. */
const PATIENT = { PAYMENT_DEADLINE_MS: String(3_600_000) };
const SEED = 1;

/**
 * How long a healthy order takes from its POST until it is paid: alone, beside payments that get no answer, in a
 * burst, and in a burst for one other product.
 */
export async function isolation(_: Options, { dataDir, signal, onProgress }: Ground): Promise<Measurements> {
  const settings = { ...AUTOMATIC, 'payment-service': PATIENT };
  const stack = await startStack({ dataDir, portBase: await freePortBase(), settings, signal, onProgress });
  await stack.deploy();
  await stack.startServices();
  const platform = await connectPlatform(stack.env);
  try {
    return await measured(platform, onProgress);
  } finally {
    await platform.close();
  }
}

const like = (order: PlannedOrder, paymentMethod: string, wanted: string): PlannedOrder => ({
  ...order,
  copies: 1,
  movesTo: null,
  body: { ...order.body, paymentMethod, lines: [{ sku: wanted, quantity: 1 }] },
});

async function measured(platform: Platform, onProgress: (line: string) => void): Promise<Measurements> {
  const { products, orders } = planOf(
    Array.from({ length: WARM_UP + 5 * HEALTHY + 3 * SICK }, () => 'delivered' as const),
    SEED,
  );
  const [hot, ...others] = products.filter(({ stock }) => stock > 0);
  await openShop(platform, products);
  // Only the orders that compete for it want the hot product.
  const sku = (index: number): string => others[index % others.length]!.sku;
  const healthy = orders.map((order, index) => like(order, 'pm_card_ok', sku(index)));
  const next = (count: number): PlannedOrder[] => healthy.splice(0, count);
  const healthyIds: string[] = [];
  const sample = async (): Promise<Spread> => {
    const { orderIds, spread } = await paidInTurn(platform, next(HEALTHY));
    healthyIds.push(...orderIds);
    return spread;
  };

  onProgress(`${WARM_UP} orders to warm up`);
  healthyIds.push(...(await placeAll(platform, next(WARM_UP))));
  await drained(platform, { timeoutMs: DRAINED_WITHIN_MS });
  onProgress(`${HEALTHY} orders, one every ${EVERY_MS} ms`);
  const alone = await sample();

  onProgress(`${SICK} orders whose payment gets no answer, and ${HEALTHY} beside them`);
  const silent = await placeAll(
    platform,
    next(SICK).map((order, index) => like(order, 'pm_card_silent', sku(index))),
  );
  await until(
    TRIED_WITHIN_MS,
    `each of ${SICK} payments was tried`,
    async () => (await platform.query('payment_service', TRIED)).length >= SICK,
  );
  const besideSilent = await sample();
  await eachOf(
    silent,
    AT_ONCE,
    async (orderId) => void (await must('POST', `${platform.urls.order}/orders/${orderId}/cancellation`, { ifMatch: '*' })),
  );
  await drained(platform, { timeoutMs: DRAINED_WITHIN_MS });
  const aloneAgain = await sample();

  const besideMany = async (many: readonly PlannedOrder[]): Promise<Spread> => {
    const [spread, ids] = await Promise.all([sample(), placeAll(platform, many)]);
    healthyIds.push(...ids);
    await drained(platform, { timeoutMs: DRAINED_WITHIN_MS });
    return spread;
  };
  onProgress(`${SICK} orders of all products as fast as they are taken, and ${HEALTHY} beside them`);
  const besideBurst = await besideMany(next(SICK));
  onProgress(`${SICK} orders of one product likewise, and ${HEALTHY} of others beside them`);
  const besideContended = await besideMany(next(SICK).map((order) => like(order, 'pm_card_ok', hot!.sku)));
  const undelivered = await untilDelivered(platform, healthyIds);
  if (undelivered.length > 0) throw new Error(`${undelivered.length} healthy orders are not delivered, such as ${undelivered[0]}`);
  await drained(platform, { timeoutMs: DRAINED_WITHIN_MS });

  await mustBeClean(platform);
  const figures = figuresOf([
    ['alone', alone],
    [`beside ${SICK} payments without an answer`, besideSilent],
    ['alone again', aloneAgain],
    [`while ${SICK} orders of all products are worked off`, besideBurst],
    [`while ${SICK} orders of one other product are`, besideContended],
  ]);
  return { comparisons: [], figures: [...figures, 'The ledger is clean.'], versions: {} };
}

async function mustBeClean(platform: Platform): Promise<void> {
  const lines: string[] = [];
  const isClean = await checkLedger(platform, (line) => lines.push(line));
  if (!isClean) throw new Error(`the ledger is not clean:\n${lines.join('\n')}`);
}

/** A line each, beside the first. */
function figuresOf(samples: readonly (readonly [name: string, spread: Spread])[]): string[] {
  const first = samples[0]![1].median;
  const row = (name: string, { median, min, max }: Spread): string =>
    `  ${name.padEnd(52)} ${median.toFixed(0).padStart(5)} ms (${min.toFixed(0)}–${max.toFixed(0)})  ${(median / first).toFixed(2)}`;
  return [
    `From the POST of an order until it is paid, ${HEALTHY} orders, one every ${EVERY_MS} ms: median, least and most, and the median beside the first:`,
    ...samples.map(([name, spread]) => row(name, spread)),
  ];
}

/** Places orders one after the other, without waiting for those before, until all are paid. */
async function paidInTurn(platform: Platform, orders: readonly PlannedOrder[]) {
  const from = platform.observer.events.length;
  const sentAtMs = new Map<string, number>();
  await Promise.all(
    orders.map(async (order, index) => {
      await delay(index * EVERY_MS);
      const atMs = Date.now();
      sentAtMs.set((await place(platform.urls, order, { untilVisible: false })).orderId, atMs);
    }),
  );
  return { orderIds: [...sentAtMs.keys()], spread: spreadOf(await paidAfterMs(platform, from, sentAtMs)) };
}

/** For each order, from sending the POST until the store has OrderPaid. */
async function paidAfterMs({ observer }: Platform, from: number, sentAtMs: ReadonlyMap<string, number>): Promise<number[]> {
  const took: number[] = [];
  let read = from;
  await until(PAID_WITHIN_MS, `${sentAtMs.size} orders are paid`, () => {
    for (; read < observer.events.length; read++) {
      const { stream, event, recordedAt } = observer.events[read]!;
      const sent = event.type === 'OrderPaid' ? sentAtMs.get(stream.slice('order-'.length)) : undefined;
      if (sent !== undefined) took.push(Date.parse(recordedAt) - sent);
    }
    return took.length === sentAtMs.size;
  });
  return took;
}

async function until(withinMs: number, what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const giveUpAtMs = performance.now() + withinMs;
  while (!(await isSo())) {
    if (performance.now() > giveUpAtMs) throw new Error(`not within ${withinMs / 1_000} s: ${what}`);
    await delay(LOOK_EVERY_MS);
  }
}

async function placeAll({ urls }: Platform, orders: readonly PlannedOrder[]): Promise<string[]> {
  const placed: string[] = [];
  await eachOf(orders, AT_ONCE, async (order) => void placed.push((await place(urls, order, { untilVisible: false })).orderId));
  return placed;
}
