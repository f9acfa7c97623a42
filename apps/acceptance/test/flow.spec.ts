import { AUTOMATIC_CARRIER } from '@orderstream/local-stack/stack-options';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { consumerGroups } from '../src/consumers.ts';
import { goShopping, openShop } from '../src/demo/shopping.ts';
import { drained } from '../src/drain.ts';
import { setting } from '../src/platform.ts';
import { call } from '../src/shop/api.ts';
import { place } from '../src/shop/customers.ts';
import { endsByDeadline, outcomes } from '../src/shop/outcomes.ts';
import { plan, planOf } from '../src/shop/plan.ts';
import { courses, expectCourse } from './courses.ts';
import { type TestPlatform, eventually, expectCleanLedger, expectPlannedOutcomes, startPlatform } from './harness.ts';
import { runNpm } from './run-npm.ts';

/** Reactors whose position stands beside the work that they have written down. */
const processTables = [
  { group: 'payment-attempts', database: 'payment_service' },
  { group: 'shipment-tasks', database: 'shipping_service' },
] as const;

const SERVICES = ['order-service', 'inventory-service', 'payment-service', 'shipping-service'] as const;

describe('The whole platform', () => {
  let test: TestPlatform;
  const { products, orders } = plan(30, 3);
  beforeAll(async () => {
    test = await startPlatform();
    await openShop(test.platform, products);
  });
  afterAll(() => test?.end());

  it.each(outcomes)('takes orders to the end "%s", told by each of their streams, and all systems agree', async (outcome) => {
    const { platform } = test;
    const planned = planOf([outcome, outcome], 300 + outcomes.indexOf(outcome)).orders;
    const placed = await goShopping(platform, planned, { rate: null, onProgress: () => {} });
    expectPlannedOutcomes(platform, placed);
    for (const { orderId } of placed) expectCourse(platform.observer.facts, orderId, courses[outcome]);
    await expectCleanLedger(platform);
  });

  it('takes orders of every kind that waits for no deadline at the same time, and all systems agree', async () => {
    const prompt = orders.filter((order) => !endsByDeadline(order.outcome));
    const placed = await goShopping(test.platform, prompt, { rate: null, onProgress: () => {} });
    expectPlannedOutcomes(test.platform, placed);
    await expectCleanLedger(test.platform);
  });

  it('answers 20 equal POSTs at once with one key by one stream and 20 equal answers', async () => {
    const { platform } = test;
    // Placing demands the equal answers.
    const twenty = planOf(['delivered'], 20).orders.map((order) => ({ ...order, copies: 20 }));
    const [{ orderId } = { orderId: 'none' }] = await goShopping(platform, twenty, { rate: null, onProgress: () => {} });
    const told = platform.observer.facts.filter(({ stream }) => stream === `order-${orderId}`);
    expect(told.filter(({ event }) => event.type === 'OrderPlaced')).toHaveLength(1);
  });

  it('appends nothing when every reactor reads its topics again from the beginning', async () => {
    const { stack, platform } = test;
    await drained(platform, { timeoutMs: 60_000 });
    const before = platform.observer.facts.length;
    await Promise.all(SERVICES.map((name) => stack.stop(name)));
    // A group that is not known begins at the beginning.
    await platform.admin.deleteGroups(consumerGroups.filter(({ position }) => position === 'kafka').map(({ group }) => group));
    for (const { group, database } of processTables) {
      const beginning = 'UPDATE projection_position SET next_offset = 0, last_offset = NULL, last_event_id = NULL WHERE group_name = $1';
      await platform.query(database, beginning, [group]);
    }
    await stack.startServices(SERVICES);
    await drained(platform, { timeoutMs: 60_000 });
    expect(platform.observer.facts.slice(before).map(({ stream, event }) => `${event.type} on ${stream}`)).toEqual([]);
    await expectCleanLedger(platform);
  });

  it('delivers an order that is placed by hand when the carrier works by itself', async () => {
    const { stack, platform } = test;
    await stack.configure('shipping-service', AUTOMATIC_CARRIER);
    const { orderId } = await place(platform.urls, planOf(['delivered'], 21).orders[0]!);
    await eventually(async () => {
      expect((await call('GET', `${platform.urls.order}/orders/${orderId}`)).body).toMatchObject({ status: 'delivered', shipmentStatus: 'delivered' });
    });
    await expectCleanLedger(platform);
  });

  it('shows what is inside by the commands of the README', async () => {
    const { stack, platform } = test;
    const run = async (...args: string[]): Promise<{ code: number | null; output: string }> => {
      const { ended, output } = runNpm(args, { ORDERSTREAM_DATA: stack.dataDir });
      return { code: await ended, output: output() };
    };
    const first = platform.observer.facts.find(({ stream }) => stream.startsWith('order-'));
    expect(await run('events', '--', first!.stream)).toMatchObject({ code: 0, output: expect.stringContaining('OrderPlaced') });
    expect(await run('events', '--', 'order-unknown')).toMatchObject({ code: 1 });
    expect(await run('sql', '--', 'order', 'select count(*) from order_summary')).toMatchObject({ code: 0, output: expect.stringContaining('count') });
    expect(await run('sql', '--', 'payment')).toMatchObject({ code: 0, output: expect.stringContaining('revenue_by_day') });
    expect(await run('ledger')).toMatchObject({ code: 0, output: expect.stringContaining('The ledger is clean.') });
    expect(await run('stack', '--', 'status')).toMatchObject({ code: 0, output: expect.stringContaining('order-service') });
    expect(await run('stack', '--', 'logs', 'relay')).toMatchObject({ code: 0, output: expect.stringContaining('relay') });
    const tail = runNpm(['topics', '--', 'tail', 'orders'], { ORDERSTREAM_DATA: stack.dataDir });
    await eventually(() => expect(tail.output()).toContain('OrderPlaced'));
    process.kill(-tail.child.pid!, 'SIGINT');
    await tail.ended;
  });

  it("does not let payment's role into order's database", async () => {
    const own = new URL(setting(test.platform.env, 'PAYMENT_DATABASE_URL'));
    own.pathname = new URL(setting(test.platform.env, 'ORDER_DATABASE_URL')).pathname;
    const client = new Client({ connectionString: own.href });
    await expect(client.connect()).rejects.toThrow('permission denied for database');
  });
});
