import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '@orderstream/local-stack/command';
import { interruption, untilInterrupted } from '@orderstream/local-stack/interruption';
import { freePortBase } from '@orderstream/local-stack/ports';
import { discardData, openStack, type Stack, startStack } from '@orderstream/local-stack/stack';
import { AUTOMATIC } from '@orderstream/local-stack/stack-options';
import { checkLedger } from '../ledger/ledger.ts';
import { type Platform, connectPlatform } from '../platform.ts';
import { SHORT_DEADLINES } from '../shop/deadlines.ts';
import { plan } from '../shop/plan.ts';
import { type DemoOptions, HELP, parseOptions } from './options.ts';
import { outcomesOf, surprises } from './outcomes.ts';
import { printReport } from './report.ts';
import { goShopping, openShop } from './shopping.ts';

const say = (line = ''): void => console.log(line);

async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions(args);
  const dataDir = mkdtempSync(join(tmpdir(), 'orderstream-demo-'));
  const signal = interruption();
  const interrupted = untilInterrupted(signal).then(() => 'interrupted' as const);
  let isGood = false;
  try {
    const stack = await startPlatform(dataDir, signal);
    const ended = await Promise.race([interrupted, visit(stack, options)]);
    if (ended === 'interrupted') throw signal.reason;
    isGood = ended;
    if (!options.exit) await interrupted;
  } catch (fault) {
    throw signal.aborted ? signal.reason : fault;
  } finally {
    say('\nstopping …');
    await openStack(dataDir)?.stop();
    if (options.keep) say(`the data is in ${dataDir}: ORDERSTREAM_DATA=${dataDir} npm run stack -- up`);
    else {
      discardData(dataDir);
      rmSync(dataDir, { recursive: true, force: true });
    }
  }
  return isGood ? 0 : 1;
}

async function startPlatform(dataDir: string, signal: AbortSignal): Promise<Stack> {
  const startedAt = performance.now();
  say(`Starting the platform with fresh data in ${dataDir}`);
  const onProgress = (line: string): void => say(`  ${line}`);
  const stack = await startStack({ dataDir, portBase: await freePortBase(), settings: SHORT_DEADLINES, signal, onProgress });
  await stack.deploy();
  await stack.startServices();
  say(`Everything runs after ${seconds(startedAt)}.\n`);
  return stack;
}

/** Whether all went as planned. */
async function visit(stack: Stack, options: DemoOptions): Promise<boolean> {
  const platform = await connectPlatform(stack.env);
  let isGood = false;
  try {
    isGood = await shop(platform, options);
  } finally {
    await platform.close();
  }
  if (options.exit) return isGood;
  say('\nFrom now on a carrier works by itself: shipments leave and arrive, and an order placed by hand goes all the way.');
  await stack.configure('shipping-service', AUTOMATIC['shipping-service']!);
  invite(stack);
  return isGood;
}

/** Whether every order ended as planned and the ledger is clean. */
async function shop(platform: Platform, { orders, seed, rate, story }: DemoOptions): Promise<boolean> {
  const planned = plan(orders, seed, story);
  say(`Listing ${planned.products.length} products and receiving their stock`);
  await openShop(platform, planned.products);
  const copies = planned.orders.filter((order) => order.copies > 1).length;
  say(`Placing ${orders} orders (seed ${seed}); ${copies} of them are sent 20 times at once under one key`);
  const startedAt = performance.now();
  const placed = await goShopping(platform, planned.orders, { rate, onProgress: progressLine(orders) });
  say(`${orders} orders ended after ${seconds(startedAt)}.\n`);
  printReport(platform.observer.events, placed, { story, say });
  const wrong = surprises(placed, outcomesOf(platform.observer.events));
  for (const line of wrong.slice(0, 10)) say(`NOT AS PLANNED  ${line}`);
  say('Ledger');
  const clean = await checkLedger(platform, (line) => say(`  ${line}`));
  return clean && wrong.length === 0;
}

/** Overwrites one line on a terminal; elsewhere a line for every quarter of the way. */
function progressLine(orders: number): (progress: { placed: number; ended: number; events: number }) => void {
  let shown = -1;
  return ({ placed, ended, events }) => {
    const line = `  placed ${placed}/${orders}  ended ${ended}/${orders}  events ${events}`;
    if (process.stdout.isTTY) {
      process.stdout.write(`\r${line}${ended >= orders ? '\n' : ''}`);
      return;
    }
    const quarter = Math.floor((ended * 4) / orders);
    if (quarter !== shown) say(line);
    shown = quarter;
  };
}

function invite({ dataDir, urls }: Stack): void {
  say('\nIt stays up; Ctrl-C ends it and leaves nothing behind.');
  for (const [name, url] of Object.entries(urls)) say(`  ${name.padEnd(20)} ${url}/docs`);
  say('\nWorth trying, in another terminal:');
  say(`  ORDERSTREAM_DATA=${dataDir} npm run topics -- tail orders`);
  say(`  ORDERSTREAM_DATA=${dataDir} npm run sql -- order "select status, count(*) from order_summary group by status"`);
  say(`  ORDERSTREAM_DATA=${dataDir} npm run ledger`);
}

const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(1)} s`;

await runCommand(HELP, main);
