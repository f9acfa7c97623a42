import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { AUTOMATIC } from '@orderstream/local-stack/stack-options';
import { servicesWith } from '@orderstream/services';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { consumerGroups } from '../src/consumers.ts';
import { goShopping, openShop } from '../src/demo/shopping.ts';
import { drained } from '../src/drain.ts';
import { openTasks } from '../src/open-tasks.ts';
import { connectPlatform, setting } from '../src/platform.ts';
import { toolLogins } from '../src/settings.ts';
import { call, must } from '../src/shop/api.ts';
import { place } from '../src/shop/customers.ts';
import { endsByDeadline, outcomes } from '../src/shop/outcomes.ts';
import { plan, planOf } from '../src/shop/plan.ts';
import { courses, expectCourse } from './courses.ts';
import { type TestPlatform, eventually, expectCleanLedger, expectPlannedOutcomes, startPlatform } from './harness.ts';
import { runCommand } from './run-command.ts';
import { runNpm } from './run-npm.ts';

/** Consumers whose position is stored beside the work that they have written down. */
const processTables = consumerGroups
  .filter(({ consumer }) => consumer.kind === 'process')
  .map(({ database, consumer }) => ({ database, group: consumer.name }));

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
    for (const { orderId } of placed) expectCourse(platform.observer.events, orderId, courses[outcome]);
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
    // Placing checks that the answers are equal.
    const twenty = planOf(['delivered'], 20).orders.map((order) => ({ ...order, copies: 20 }));
    const [{ orderId } = { orderId: 'none' }] = await goShopping(platform, twenty, { rate: null, onProgress: () => {} });
    const told = platform.observer.events.filter(({ stream }) => stream === `order-${orderId}`);
    expect(told.filter(({ event }) => event.type === 'OrderPlaced')).toHaveLength(1);
  });

  it('appends nothing when every reactor reads its topics again from the beginning', async () => {
    const { stack, platform } = test;
    await drained(platform, { timeoutMs: 60_000 });
    const before = platform.observer.events.length;
    const reacting = servicesWith('DATABASE_URL');
    await Promise.all(reacting.map((name) => stack.stop(name)));
    // An unknown group begins at the beginning.
    await platform.admin.deleteGroups(consumerGroups.flatMap(({ consumer }) => (consumer.kind === 'reaction' ? [consumer.name] : [])));
    for (const { group, database } of processTables) {
      const beginning = 'UPDATE projection_position SET next_offset = 0, last_offset = NULL, last_event_id = NULL WHERE group_name = $1';
      await platform.query(database, beginning, [group]);
    }
    await stack.startServices(reacting);
    await drained(platform, { timeoutMs: 60_000 });
    expect(platform.observer.events.slice(before).map(({ stream, event }) => `${event.type} on ${stream}`)).toEqual([]);
    await expectCleanLedger(platform);
  });

  it('delivers an order that is placed by hand when the carrier works by itself', async () => {
    const { stack, platform } = test;
    await stack.configure('shipping-service', AUTOMATIC['shipping-service']!);
    const { orderId } = await place(platform.urls, planOf(['delivered'], 21).orders[0]!);
    await eventually(async () => {
      expect((await call('GET', `${platform.urls.order}/orders/${orderId}`)).body).toMatchObject({
        status: 'delivered',
        shipmentStatus: 'delivered',
      });
    });
    await expectCleanLedger(platform);
  });

  it('shows what is inside by the commands of the README', async () => {
    const { stack, platform } = test;
    const run = async (...args: string[]): Promise<{ code: number | null; output: string }> => {
      const { ended, output } = runNpm(args, { ORDERSTREAM_DATA: stack.dataDir });
      return { code: await ended, output: output() };
    };
    const first = platform.observer.events.find(({ stream }) => stream.startsWith('order-'));
    expect(await run('events', '--', first!.stream)).toMatchObject({ code: 0, output: expect.stringContaining('OrderPlaced') });
    expect(await run('events', '--', 'order-unknown')).toMatchObject({ code: 1 });
    expect(await run('sql', '--', 'order', 'select count(*) from order_summary')).toMatchObject({
      code: 0,
      output: expect.stringContaining('count'),
    });
    expect(await run('sql', '--', 'payment')).toMatchObject({ code: 0, output: expect.stringContaining('revenue_by_day') });
    expect(await run('ledger')).toMatchObject({ code: 0, output: expect.stringContaining('The ledger is clean.') });
    expect(await run('stack', '--', 'status')).toMatchObject({ code: 0, output: expect.stringContaining('order-service') });
    expect(await run('stack', '--', 'logs', 'relay')).toMatchObject({ code: 0, output: expect.stringContaining('relay') });
    const tail = runNpm(['topics', '--', 'tail', 'orders'], { ORDERSTREAM_DATA: stack.dataDir });
    await eventually(() => expect(tail.output()).toContain('OrderPlaced'));
    process.kill(-tail.child.pid!, 'SIGINT');
    await tail.ended;
  });

  it('is not judged by a ledger that can not see all of it, be a system down or silent', async () => {
    const { env } = test.platform;
    const dead: Record<string, string> = { EVENTSTORE_URL: 'esdb://127.0.0.1:1?tls=false', KAFKA_BROKERS: '127.0.0.1:1' };
    for (const variable of toolLogins) dead[variable] = 'postgres://a:b@127.0.0.1:1/c';
    for (const variable of ['SCHEMA_REGISTRY_URL', 'INVENTORY_SERVICE_URL', 'PAYMENT_PROVIDER_URL']) dead[variable] = 'http://127.0.0.1:1';
    for (const [variable, value] of Object.entries(dead)) {
      await expect(connectPlatform({ ...env, [variable]: value })).rejects.toThrow(/^[^;]* at 127\.0\.0\.1:1 can't be seen: [^;]*$/);
    }
    const silent = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void silent.close());
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const hanging = Object.fromEntries(
      Object.entries(dead).map(([variable, value]) => [variable, value.replace('127.0.0.1:1', `127.0.0.1:${port}`)]),
    );
    const told = connectPlatform({ ...env, ...hanging });
    await expect(told).rejects.toThrow(
      new RegExp(Array.from({ length: Object.keys(dead).length }, () => `at 127\\.0\\.0\\.1:${port} can't be seen: .*`).join(''), 's'),
    );
  });

  it('tells by exit code 2 of its ledger that it is not at rest, naming the order, and is judged without that order when asked', async () => {
    const { stack, platform } = test;
    await stack.configure('payment-service', { PAYMENT_DEADLINE_MS: String(600_000) });
    const silent = await place(platform.urls, planOf(['payment given up'], 29).orders[0]!);
    await eventually(async () => expect((await openTasks(platform)).map(({ orderId }) => orderId)).toEqual([silent.orderId]));
    const env = { ORDERSTREAM_DATA: stack.dataDir };
    const [undecided, decided, unseen] = await Promise.all([
      runCommand(['ledger', '--wait', '1'], { env }),
      runCommand(['ledger', '--leave-open'], { env }),
      runCommand(['ledger'], { env: { ...env, SHIPPING_DATABASE_URL: 'postgres://a:b@127.0.0.1:1/c' } }),
    ]);
    expect(undecided).toMatchObject({ code: 2, stderr: expect.stringContaining(`authorise of order-${silent.orderId}`) });
    expect(decided).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`1 orders are under way, and their ends are left out: ${silent.orderId}`),
    });
    expect(unseen).toEqual({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(/^The ledger can't be drawn up: database shipping_service at 127\.0\.0\.1:1 can't be seen: .*\n$/),
    });
    await must('POST', `${platform.urls.order}/orders/${silent.orderId}/cancellation`, { ifMatch: '*' });
    await expectCleanLedger(platform);
  });

  it('shows what is inside to whoever leaves early, sits behind a proxy or east of Greenwich', async () => {
    const { stack, platform } = test;
    const first = platform.observer.events.find(({ stream }) => stream.startsWith('order-'))!;
    const env = { ORDERSTREAM_DATA: stack.dataDir };
    for (const args of [
      ['events', first.stream],
      ['sql', 'order', 'select generate_series(1, 50000)'],
      ['topics', 'tail', 'orders'],
      ['ledger'],
      ['stack', 'status'],
    ]) {
      const { code, stderr } = await runCommand(args, { env, unread: true });
      expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: '' });
    }
    const proxied = await runCommand(['events', first.stream], {
      env: { ...env, http_proxy: 'http://127.0.0.1:1', grpc_proxy: 'http://127.0.0.1:1', HTTPS_PROXY: 'http://127.0.0.1:1' },
    });
    expect(proxied).toMatchObject({ code: 0, stdout: expect.stringContaining('OrderPlaced') });
    const statements = "select date '2026-01-31' as day, timestamp '2026-01-31 00:30' as at; select 2 as second";
    const dates = await runCommand(['sql', 'order', statements], { env: { ...env, TZ: 'Asia/Tokyo' } });
    expect(dates.code).toBe(0);
    for (const text of ['2026-01-31', '2026-01-31 00:30:00', 'second']) expect(dates.stdout).toContain(text);
    expect(dates.stdout).not.toContain('2026-01-30');
  });

  it("does not let payment's role into order's database", async () => {
    const own = new URL(setting(test.platform.env, 'PAYMENT_DATABASE_URL'));
    own.pathname = new URL(setting(test.platform.env, 'ORDER_DATABASE_URL')).pathname;
    const client = new Client({ connectionString: own.href });
    await expect(client.connect()).rejects.toThrow('permission denied for database');
  });
});
