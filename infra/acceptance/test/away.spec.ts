import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { goShopping, openShop, untilEnded } from '../src/demo/shopping.ts';
import { call, must } from '../src/shop/api.ts';
import { place } from '../src/shop/customers.ts';
import { endsByDeadline } from '../src/shop/outcomes.ts';
import { type Recipient, plan, planOf } from '../src/shop/plan.ts';
import { type TestPlatform, eventually, expectCleanLedger, expectPlannedOutcomes, startPlatform } from './harness.ts';

describe('While a component is away', () => {
  let test: TestPlatform;
  const { products, orders } = plan(26, 11);
  const prompt = orders.filter(({ outcome }) => !endsByDeadline(outcome)).slice(0, 6);
  beforeAll(async () => {
    test = await startPlatform();
    await openShop(test.platform, products);
  });
  afterAll(() => test?.end());

  it('a service that starts without the schema registry waits for it, and goes on when it answers', async () => {
    const { stack, platform } = test;
    await stack.stop('schema-registry');
    await stack.restart('inventory-service');
    const placed = goShopping(platform, prompt, { rate: null, onProgress: () => {} });
    await eventually(async () => {
      const { status, body } = await call('GET', `${platform.urls.inventory}/health/ready`);
      expect(status).toBe(503);
      expect(JSON.stringify(body)).toContain('schema-registry');
    });
    await stack.startServer('schema-registry');
    expectPlannedOutcomes(platform, await placed);
    await expectCleanLedger(platform);
  });

  it('orders wait for the payment provider, still change their address, and are rejected only by its answer; one without an answer delays nobody', async () => {
    const { stack, platform } = test;
    const { observer, urls } = platform;
    const elsewhere: Recipient = { name: 'B. Customer', street: '2 Harbour Road', city: 'Porto', postalCode: '4000-001', country: 'PT' };
    const patient = planOf(['delivered', 'delivered', 'payment declined', 'delivered', 'recalled and returned', 'delivered'], 19).orders;
    const moving = patient.map((order) => ({ ...order, movesTo: elsewhere }));
    // Nothing is given up while this test looks.
    await stack.configure('payment-service', { PAYMENT_DEADLINE_MS: String(600_000) });
    const since = observer.events.length;
    await stack.stop('payment-provider');
    const silent = await place(urls, planOf(['payment given up'], 23).orders[0]!);
    const ending = untilEnded(platform, moving, { rate: null, onProgress: () => {} });
    await eventually(async () => {
      const tried = "SELECT order_id FROM payment_attempt WHERE state = 'pending' AND attempts > 1";
      expect(await platform.query('payment_service', tried)).toHaveLength(moving.length + 1);
    });
    const told = observer.events.slice(since).map(({ event }) => event.type);
    expect(told.filter((type) => type === 'ShippingAddressChanged')).toHaveLength(moving.length + 1);
    expect(told.filter((type) => /^Payment(?!Requested)|^Order(Rejected|Paid)/.test(type))).toEqual([]);

    await stack.startService('payment-provider');
    const ended = await ending;
    expectPlannedOutcomes(platform, ended);
    for (const { orderId } of ended.filter(({ planned }) => planned.outcome === 'delivered')) {
      expect((await must('GET', `${urls.shipping}/shipments/${orderId}`)).body['recipient']).toEqual(elsewhere);
    }
    expect((await must('GET', `${urls.payment}/payments/${silent.orderId}`)).body['status']).toBe('requested');
    await must('POST', `${urls.order}/orders/${silent.orderId}/cancellation`, { ifMatch: '*' });
    await expectCleanLedger(platform);
    expectPlannedOutcomes(platform, [{ ...silent, planned: { ...silent.planned, outcome: 'cancelled before payment' } }]);
  });

  it.each([
    ['payment-service', 31],
    ['payment-provider', 37],
    ['relay', 41],
  ] as const)('orders wait out an outage of the %s that is longer than their deadline, and are paid after it', async (away, seed) => {
    const { stack, platform } = test;
    await stack.configure('payment-service', { PAYMENT_DEADLINE_MS: '1000' });
    await stack.stop(away);
    const since = platform.observer.events.length;
    const ending = untilEnded(
      platform,
      planOf(['delivered', 'delivered', 'delivered'], seed).orders.map((order) => ({ ...order, copies: 1 })),
      { rate: null, onProgress: () => {} },
    );
    await eventually(() => {
      const events = platform.observer.events.slice(since);
      expect(events.filter(({ event }) => event.type === 'OrderPlaced')).toHaveLength(3);
      expect(Math.max(...events.map(({ recordedAt }) => Date.parse(recordedAt)))).toBeLessThan(Date.now() - 3_000);
    });
    await stack.startServices([away]);
    expectPlannedOutcomes(platform, await ending);
    await expectCleanLedger(platform);
  });
});
