import { products, steadyOrders } from '@orderstream/acceptance/outages/steady-orders';
import { parkedRecords } from '@orderstream/acceptance/parked';
import { type Platform, setting } from '@orderstream/acceptance/platform';
import { type Release, loadRelease } from '@orderstream/acceptance/release';
import { stockShop } from '@orderstream/acceptance/shop/customers';
import { type ServiceUrls, serviceUrls } from '@orderstream/acceptance/shop/service-urls';
import { root } from '@orderstream/local-stack/layout';
import { freePortBase } from '@orderstream/local-stack/ports';
import { buildRevision, commitOf } from '@orderstream/local-stack/revision';
import { AUTOMATIC } from '@orderstream/local-stack/stack-options';
import { type Comparison, type Ground, type Measurements, type Sample, spreadOf } from './comparison.ts';
import type { Options } from './options.ts';
import { cpuSecondsByName } from './processor-time.ts';
import { placeSteadily, untilDelivered } from './steady-placing.ts';

const DRAINED_WITHIN_MS = 180_000;
const SEED = 1;

interface OrdersSample extends Sample {
  /** By the process's name. */
  readonly cpuSecondsOf: Readonly<Record<string, number>>;
}

/** The other revision, this tree, and the other revision again. */
interface Round {
  readonly base: OrdersSample;
  readonly ours: OrdersSample;
  readonly again: OrdersSample;
}

/** How much processor time of all processes an order takes: in another revision's platform, and in this tree's. */
export async function cpuPerOrder(options: Options, ground: Ground): Promise<Measurements> {
  if (process.platform !== 'linux') throw new Error('cpu-per-order reads /proc, which only Linux has');
  const { pairs, rate } = options;
  const commit = await commitOf(root, options.against!);
  const base = await loadRelease(commit.slice(0, 7), (await buildRevision(root, commit, ground)).root);
  const ours = await loadRelease('this tree', root);
  const rounds: Round[] = [];
  for (let pair = 1; pair <= pairs; pair += 1) {
    const done: Partial<Record<keyof Round, OrdersSample>> = {};
    // This tree between two runs of the other, of which each is the first in every second round.
    for (const side of pair % 2 === 1 ? (['base', 'ours', 'again'] as const) : (['again', 'ours', 'base'] as const)) {
      const release = side === 'ours' ? ours : base;
      done[side] = await run(release, options, ground);
      ground.onProgress(`pair ${pair} of ${pairs}: ${release.name} ${cpuMs(done[side]).toFixed(1)} CPU ms an order`);
    }
    rounds.push(done as Round);
  }
  const comparing = { unit: 'orders', ratioOf: 'processor time' } as const;
  const comparisons: Comparison[] = [
    {
      ...comparing,
      name: `the processor time of all processes, at ${rate} orders a second`,
      sides: [base.name, ours.name],
      pairs: rounds.map((round) => [round.base, round.ours] as const),
    },
    {
      ...comparing,
      name: `${base.name} beside itself: how far this machine can be trusted`,
      sides: [base.name, base.name],
      pairs: rounds.map((round) => [round.base, round.again] as const),
    },
  ];
  return { comparisons, figures: figuresOf(base.name, rounds), versions: {} };
}

/** In a platform of its own; nothing looks into it while it is measured. @throws when the run left anything wrong. */
async function run(release: Release, { rate, orders: count }: Options, { dataDir, signal }: Ground): Promise<OrdersSample> {
  const stack = await release.stack.startStack({ dataDir, portBase: await freePortBase(), settings: AUTOMATIC, signal });
  try {
    await stack.deploy();
    await stack.startServices();
    const urls = serviceUrls((variable) => setting(stack.env, variable));
    await stockShop(urls, products);
    await looking(release, stack.env, (platform) => release.drain.drained(platform, { timeoutMs: DRAINED_WITHIN_MS }));
    const sample = await measured(urls, dataDir, rate, count);
    await looking(release, stack.env, (platform) => mustBeRight(release, platform, sample.orderIds));
    return sample.taken;
  } finally {
    await stack.stop();
    release.stack.discardData(dataDir);
  }
}

/** From the first order until the last is delivered: a platform that falls behind has all of its work counted. */
async function measured(urls: ServiceUrls, dataDir: string, rate: number, count: number) {
  const orders = steadyOrders(SEED)
    .take(Math.ceil(count * 1.5))
    .toArray();
  const warmUp = await placeSteadily(urls, orders.slice(count), rate);
  await untilDelivered(urls, warmUp);
  const before = cpuSecondsByName(dataDir);
  const startedAtMs = performance.now();
  const placed = await placeSteadily(urls, orders.slice(0, count), rate);
  await untilDelivered(urls, placed);
  const seconds = (performance.now() - startedAtMs) / 1_000;
  const after = cpuSecondsByName(dataDir);
  const cpuSecondsOf = Object.fromEntries([...after].map(([name, used]) => [name, used - before.get(name)!]));
  const cpuSeconds = Object.values(cpuSecondsOf).reduce((sum, used) => sum + used, 0);
  return { orderIds: [...warmUp, ...placed], taken: { operations: count, seconds, cpuSeconds, cpuSecondsOf } };
}

async function looking(release: Release, env: Readonly<Record<string, string>>, look: (platform: Platform) => Promise<unknown>) {
  const platform = await release.platform.connectPlatform(env);
  try {
    await look(platform);
  } finally {
    await platform.close();
  }
}

async function mustBeRight({ name, drain, ledger }: Release, platform: Platform, orderIds: readonly string[]): Promise<void> {
  const undelivered = await drain.untilDelivered(platform, orderIds);
  if (undelivered.length > 0) throw new Error(`${name}: ${undelivered.length} orders are not delivered, such as ${undelivered[0]}`);
  await drain.drained(platform, { timeoutMs: DRAINED_WITHIN_MS });
  const lines: string[] = [];
  const isClean = await ledger.checkLedger(platform, (line) => lines.push(line));
  const parked = await parkedRecords(platform);
  if (!isClean || parked.length > 0) throw new Error(`${name}: ${parked.length} records are parked\n${lines.join('\n')}`);
}

const cpuMs = ({ cpuSeconds, operations }: OrdersSample): number => (cpuSeconds * 1_000) / operations;

/** A line for each process, those that take most first. */
function figuresOf(baseName: string, rounds: readonly Round[]): string[] {
  const rows = Object.keys(rounds[0]!.ours.cpuSecondsOf).map((name) => {
    const median = (side: keyof Round): number =>
      spreadOf(rounds.map((round) => cpuMs({ ...round[side], cpuSeconds: round[side].cpuSecondsOf[name] ?? 0 }))).median;
    return { name, base: median('base'), ours: median('ours') };
  });
  return [
    `CPU ms an order, median of ${rounds.length}: ${baseName}, this tree`,
    ...rows
      .toSorted((a, b) => b.base - a.base)
      .map(({ name, base, ours }) => `  ${name.padEnd(20)} ${base.toFixed(1).padStart(7)} ${ours.toFixed(1).padStart(7)}`),
  ];
}
