import { openShop } from '@orderstream/acceptance/demo/shopping';
import { drained } from '@orderstream/acceptance/drain';
import { type Platform, connectPlatform } from '@orderstream/acceptance/platform';
import { call, eachOf } from '@orderstream/acceptance/shop/api';
import { place } from '@orderstream/acceptance/shop/customers';
import { type PlannedOrder, planOf } from '@orderstream/acceptance/shop/plan';
import { freePortBase } from '@orderstream/local-stack/ports';
import { type Stack, startStack } from '@orderstream/local-stack/stack';
import { AUTOMATIC } from '@orderstream/local-stack/stack-options';
import { FOLDER_VARIABLE, memoryOf, memoryProbe } from '@orderstream/local-stack/testing/memory';
import { serviceNames } from '@orderstream/services';
import type { Measurements, Ground } from './comparison.ts';
import { type RunningServer, startEmulator } from './eventstore-servers.ts';
import { type Growth, type Memories, growthOf, leastOf, totalOf } from './memory-growth.ts';
import type { Options } from './options.ts';
import { placeSteadily } from './steady-placing.ts';

const MEGABYTE = 1_000_000;
/** For every 1,000 orders. */
const MOST_FOR_ORDERS_BYTES = MEGABYTE;
/** For every 1,000 repeats of one request: less than the smallest object that each could leave. */
const MOST_FOR_REPEATS_BYTES = MEGABYTE / 10;

/** Enough to compile everything and to fill every cache that fills soon. */
const WARM_UP_ORDERS = 500;
const WARM_UP_REPEATS = 200;
const REPEATS = 500;
const ROUNDS = 3;
const CALLERS_AT_ONCE = 8;
const DRAINED_WITHIN_MS = 180_000;
const SEED = 1;

/** What each of our processes keeps after a collection: whether it grows with orders, and with repeats of one request. */
export async function memory(options: Options, ground: Ground): Promise<Measurements> {
  const { dataDir, signal, onProgress } = ground;
  let emulator: RunningServer | undefined;
  try {
    const settings = AUTOMATIC;
    const stack = await startStack({
      dataDir,
      portBase: await freePortBase(),
      only: ['postgres', 'kafka', 'schema-registry'],
      settings,
      signal,
      onProgress,
    });
    const probed = { nodeArguments: ['--import', memoryProbe], env: { [FOLDER_VARIABLE]: dataDir } };
    emulator = await startEmulator(`${dataDir}/eventstore`, signal, { ...probed, port: stack.ports.eventstore });
    await stack.deploy();
    await Promise.all(
      serviceNames.map(async (name) => {
        await stack.startService(name, probed);
        await stack.untilReady(name);
      }),
    );
    const platform = await connectPlatform(stack.env);
    try {
      return await measured(options, ground, platform, () => memoriesOf(stack, emulator!.pid));
    } finally {
      await platform.close();
    }
  } finally {
    await emulator?.stop();
  }
}

async function memoriesOf(stack: Stack, emulatorPid: number): Promise<Memories> {
  const services = stack.status().filter(({ name, pid }) => pid !== undefined && serviceNames.some((service) => service === name));
  const processes = [...services.map(({ name, pid }) => [name, pid!] as const), ['eventstore', emulatorPid] as const];
  return new Map(await Promise.all(processes.map(async ([name, pid]) => [name, await memoryOf(pid, stack.dataDir)] as const)));
}

async function measured(
  { minutes, rate }: Options,
  { onProgress }: Ground,
  platform: Platform,
  measure: () => Promise<Memories>,
): Promise<Measurements> {
  const count = minutes * 60 * rate;
  const { products, orders } = planOf(
    Array.from({ length: WARM_UP_ORDERS + count }, () => 'delivered' as const),
    SEED,
  );
  const steady = orders.map((order) => ({ ...order, copies: 1, movesTo: null }));
  await openShop(platform, products);
  const go = async (some: readonly PlannedOrder[]): Promise<Memories> => {
    await placeSteadily(platform.urls, some, rate);
    await drained(platform, { timeoutMs: DRAINED_WITHIN_MS });
    return measure();
  };
  onProgress(`${WARM_UP_ORDERS} orders to warm up`);
  const before = await go(steady.slice(0, WARM_UP_ORDERS));
  onProgress(`${count} orders at ${rate} a second`);
  const after = await go(steady.slice(WARM_UP_ORDERS));
  const byOrders = growthOf(before, after, count);
  const figures: string[] = [];
  // Also printed at once: somebody who ends it early has seen something.
  const tell = (line: string): void => {
    figures.push(line);
    onProgress(line);
  };
  tell(`after ${WARM_UP_ORDERS} orders and after ${count} more, at ${rate} a second (heap + buffers, in MB); for every 1,000 orders:`);
  for (const growth of byOrders)
    tell(`  ${growth.process.padEnd(18)} ${shown(before, growth)} → ${shown(after, growth)}   ${grown(growth)}`);
  const exceeded = byOrders
    .filter((growth) => totalOf(growth) > MOST_FOR_ORDERS_BYTES)
    .map((growth) => `${growth.process}: ${grown(growth)} for every 1,000 orders`);
  tell('for every 1,000 repeats of one request, the process that grew most:');
  for (const [request, repeat] of Object.entries(await requestsOf(platform, steady[0]!))) {
    const growths = await grownByRepeats(repeat, measure);
    const most = growths.reduce((a, b) => (totalOf(b) > totalOf(a) ? b : a));
    tell(`  ${request.padEnd(40)} ${most.process.padEnd(18)} ${grown(most)}`);
    exceeded.push(
      ...growths
        .filter((growth) => totalOf(growth) > MOST_FOR_REPEATS_BYTES)
        .map((growth) => `${growth.process}: ${grown(growth)} for every 1,000 of ${request}`),
    );
  }
  figures.push(
    '',
    exceeded.length === 0 ? 'Nothing grows beyond its bound.' : `Beyond the bound of 1 MB for 1,000 orders, or 0.1 MB for 1,000 repeats:`,
    ...exceeded.map((line) => `  ${line}`),
  );
  return { comparisons: [], figures, versions: {}, isExceeded: exceeded.length > 0 };
}

type Request = () => Promise<unknown>;

/** Each must answer as it should, or the measurement ends. */
async function requestsOf({ urls }: Platform, order: PlannedOrder): Promise<Record<string, Request>> {
  const { orderId } = await place(urls, order, { untilVisible: false });
  const [line] = order.body.lines;
  const answering =
    (status: number, ...args: Parameters<typeof call>): Request =>
    async () => {
      const answer = await call(...args);
      if (answer.status !== status) throw new Error(`${args[0]} ${args[1]}: ${answer.status} ${JSON.stringify(answer.body)}`);
    };
  return {
    'POST /orders under one key': () => place(urls, order, { untilVisible: false }),
    'POST /orders without anything': answering(400, 'POST', `${urls.order}/orders`, {
      body: {},
      headers: { 'idempotency-key': order.idempotencyKey },
    }),
    'GET /orders/{id}': answering(200, 'GET', `${urls.order}/orders/${orderId}`),
    'GET /orders/{id} of none': answering(404, 'GET', `${urls.order}/orders/00000000-0000-4000-8000-000000000000`),
    'GET /orders': answering(200, 'GET', `${urls.order}/orders?limit=20`),
    'GET /products': answering(200, 'GET', `${urls.inventory}/products`),
    'GET /stock/{sku}': answering(200, 'GET', `${urls.inventory}/stock/${line!.sku}`),
    'GET /payments/{id}': answering(200, 'GET', `${urls.payment}/payments/${orderId}`),
    'GET /shipments/{id}': answering(200, 'GET', `${urls.shipping}/shipments/${orderId}`),
    'GET /health/ready': answering(200, 'GET', `${urls.order}/health/ready`),
    'GET /metrics': () => fetch(`${urls.order}/metrics`).then((answer) => answer.text()),
  };
}

async function grownByRepeats(request: Request, measure: () => Promise<Memories>): Promise<Growth[]> {
  const repeat = (times: number): Promise<void> =>
    eachOf(Array.from({ length: times }), CALLERS_AT_ONCE, async () => void (await request()));
  await repeat(WARM_UP_REPEATS);
  const rounds: Growth[][] = [];
  let before = await measure();
  do {
    await repeat(REPEATS);
    const after = await measure();
    rounds.push(growthOf(before, after, REPEATS));
    before = after;
  } while (rounds.length < ROUNDS && leastOf(rounds).some((growth) => totalOf(growth) > MOST_FOR_REPEATS_BYTES));
  return leastOf(rounds);
}

const megabytes = (bytes: number): string => (bytes / MEGABYTE).toFixed(2);

function shown(memories: Memories, { process }: Growth): string {
  const { heapBytes, externalBytes } = memories.get(process)!;
  return `${megabytes(heapBytes)} + ${megabytes(externalBytes)}`;
}

const grown = ({ heapBytes, externalBytes }: Growth): string =>
  `${megabytes(heapBytes + externalBytes)} MB (heap ${megabytes(heapBytes)}, buffers ${megabytes(externalBytes)})`;
