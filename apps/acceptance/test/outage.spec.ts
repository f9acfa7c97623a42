import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { goShopping, openShop } from '../src/demo/shopping.ts';
import { call } from '../src/shop/api.ts';
import { type PlannedOrder, plan } from '../src/shop/plan.ts';
import { type TestPlatform, eventually, expectCleanLedger, expectPlannedOutcomes, startPlatform } from './harness.ts';

/** What readiness calls each server. */
const servers = ['eventstore', 'kafka', 'postgres'] as const;

describe('While a component is away', () => {
  let test: TestPlatform;
  const { products, orders } = plan(24, 11);
  const nextOrders = (count: number): PlannedOrder[] => orders.splice(0, count);
  const order = (path: string): ReturnType<typeof call> => call('GET', `${test.platform.urls.order}${path}`);
  beforeAll(async () => {
    test = await startPlatform();
    await openShop(test.platform, products);
  });
  afterAll(() => test?.end());

  it.each(servers)('the order service is alive without %s, says that it waits for it, and recovers by itself', async (server) => {
    const { stack, platform } = test;
    await stack.stop(server);
    await eventually(async () => {
      const { status, body } = await order('/health/ready');
      expect(status).toBe(503);
      expect(JSON.stringify(body)).toContain(server);
    });
    expect((await order('/health/live')).status).toBe(200);
    await stack.startServer(server);
    await Promise.all(['order', 'inventory', 'payment', 'shipping'].map((name) => stack.untilReady(`${name}-service` as 'order-service')));
    await stack.untilReady('relay');
    const placed = await goShopping(platform, nextOrders(6), { rate: null, onProgress: () => {} });
    expectPlannedOutcomes(platform, placed);
    await expectCleanLedger(platform);
  });

  it('a service that starts without the schema registry waits for it, and goes on when it answers', async () => {
    const { stack, platform } = test;
    await stack.stop('schema-registry');
    await stack.restart('inventory-service');
    const placed = goShopping(platform, nextOrders(6), { rate: null, onProgress: () => {} });
    await eventually(async () => {
      const { status, body } = await call('GET', `${platform.urls.inventory}/health/ready`);
      expect(status).toBe(503);
      expect(JSON.stringify(body)).toContain('schema-registry');
    });
    await stack.startServer('schema-registry');
    expectPlannedOutcomes(platform, await placed);
    await expectCleanLedger(platform);
  });
});
