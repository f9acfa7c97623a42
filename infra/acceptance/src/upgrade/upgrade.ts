import { isService, root } from '@orderstream/local-stack/layout';
import { freePortBase } from '@orderstream/local-stack/ports';
import { buildRevision, commitOf } from '@orderstream/local-stack/revision';
import { AUTOMATIC } from '@orderstream/local-stack/stack-options';
import { serviceNames } from '@orderstream/services';
import { outcomesOf, surprises } from '../demo/outcomes.ts';
import { products, steadyOrders } from '../outages/steady-orders.ts';
import { Traffic } from '../outages/traffic.ts';
import { parkedRecords } from '../parked.ts';
import { setting } from '../platform.ts';
import { type Release, loadRelease } from '../release.ts';
import { stockShop } from '../shop/customers.ts';
import { serviceUrls } from '../shop/service-urls.ts';
import { Cancellations } from './cancellations.ts';
import type { UpgradeOptions } from './options.ts';
import { isPoisoned, Poisoner, poisonViolations } from './poison.ts';
import { replace } from './replacing.ts';

const READS_PER_ORDER = 2;
const DRAINED_WITHIN_MS = 300_000;
const SHOWN = 10;
const SEED = 1;
const CANCELLED_SEED = 2;

interface Ground {
  readonly dataDir: string;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/** What lasts while releases come and go. */
interface Shop extends Ground {
  readonly rate: number;
  readonly orders: ReturnType<typeof steadyOrders>;
  readonly cancelled: ReturnType<typeof steadyOrders>;
  readonly poisoner: Poisoner;
}

/** From another revision to this tree, and back. @returns what was wrong. */
export async function upgrade({ from, rate }: UpgradeOptions, ground: Ground): Promise<string[]> {
  const { dataDir, signal, say } = ground;
  const commit = await commitOf(root, from);
  const before = await loadRelease(commit.slice(0, 7), (await buildRevision(root, commit, { signal, onProgress: say })).root);
  const stack = await before.stack.startStack({ dataDir, portBase: await freePortBase(), settings: AUTOMATIC, signal, onProgress: say });
  await stack.deploy();
  await stack.startServices();
  await stockShop(
    serviceUrls((variable) => setting(stack.env, variable)),
    products,
  );
  const shop: Shop = {
    ...ground,
    rate,
    orders: steadyOrders(SEED),
    cancelled: steadyOrders(CANCELLED_SEED),
    poisoner: new Poisoner(stack.env),
  };
  await shop.poisoner.send();
  const there = await change(await loadRelease('this tree', root), shop);
  return [...there, ...(await change(before, shop))];
}

/** Replaces every service of the platform by a release's while orders come in. @returns what was wrong afterwards. */
async function change(release: Release, shop: Shop): Promise<string[]> {
  const { dataDir, signal, say, rate, poisoner } = shop;
  const stack = release.stack.openStack(dataDir, { signal, onProgress: say })!;
  const urls = serviceUrls((variable) => setting(stack.env, variable));
  const traffic = new Traffic({ urls, orders: shop.orders, ordersPerSecond: rate, readsPerSecond: rate * READS_PER_ORDER });
  const cancellations = new Cancellations(urls, shop.cancelled);
  say(`\nto ${release.name}, at ${rate} orders a second`);
  traffic.start();
  cancellations.start();
  await stack.deploy();
  for (const name of serviceNames) await replace(name, { stack, release, traffic, signal, say, meanwhile: () => poisoner.send() });
  const strangers = stack.processes().filter(({ name, clone }) => isService(name) && clone !== release.root);
  await traffic.finish();
  await cancellations.finish();
  for (const [answer, count] of [...traffic.answers].toSorted(([a], [b]) => a.localeCompare(b)))
    say(`  ${String(count).padStart(6)}  ${answer}`);
  return [
    ...strangers.map(({ name }) => `${name} is not of ${release.name}`),
    ...traffic.violations,
    ...(await violationsOf(release, shop, traffic.acknowledged, cancellations)),
  ].map((line) => `${release.name}: ${line}`);
}

/** Waits until nothing is on its way, and lets the release look at what it holds. */
async function violationsOf(
  { stack, platform: { connectPlatform }, drain, ledger }: Release,
  { dataDir, say, poisoner }: Shop,
  acknowledged: readonly string[],
  { placed }: Cancellations,
): Promise<string[]> {
  const platform = await connectPlatform(stack.openStack(dataDir)!.env);
  try {
    const undelivered = await drain.untilDelivered(platform, acknowledged);
    await drain.drained(platform, { timeoutMs: DRAINED_WITHIN_MS });
    say(
      `${acknowledged.length} orders are acknowledged, ${undelivered.length} of them not delivered; ${placed.length} others were cancelled`,
    );
    const wrong = [
      ...undelivered.slice(0, SHOWN).map((id) => `order-${id} is not delivered`),
      ...surprises(placed, outcomesOf(platform.observer.events)).slice(0, SHOWN),
      ...poisonViolations(poisoner.sent, await parkedRecords(platform)),
    ];
    // The ledger demands that each record is an event's.
    const { records } = platform.observer;
    records.splice(0, records.length, ...records.filter((record) => !isPoisoned(record)));
    const isClean = await ledger.checkLedger(platform, (line) => say(`  ${line}`));
    return isClean ? wrong : [...wrong, 'the ledger is not clean'];
  } finally {
    await platform.close();
  }
}
