import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { goShopping, openShop } from '../src/demo/shopping.ts';
import { backlog } from '../src/drain.ts';
import { eachOf } from '../src/shop/api.ts';
import { place } from '../src/shop/customers.ts';
import { endsByDeadline } from '../src/shop/outcomes.ts';
import { plan } from '../src/shop/plan.ts';
import { type TestPlatform, expectCleanLedger, expectPlannedOutcomes, startPlatform } from './harness.ts';
import { killInside } from './kill-inside.ts';
import { readUncommitted } from './read-uncommitted.ts';

describe('Killed (-9) and started again,', () => {
  let test: TestPlatform;
  const { products, orders } = plan(168, 5);
  const quick = orders.filter(({ outcome }) => !endsByDeadline(outcome)).map((order) => ({ ...order, copies: 1 }));
  beforeAll(async () => {
    test = await startPlatform();
    await openShop(test.platform, products);
  });
  afterAll(() => test?.end());

  it('a relay with a transaction open and events waiting loses nothing and repeats nothing', async () => {
    const { stack, platform } = test;
    const uncommitted = await readUncommitted(platform.kafka, 'orders');
    await stack.stop('relay');
    // Nothing is relayed now, so the order's row is not waited for.
    await eachOf(quick.slice(0, 60), 8, async (order) => void (await place(platform.urls, order, { untilVisible: false })));
    await stack.startService('relay');
    await killInside(stack, 'relay', () => uncommitted.sees(platform.admin));
    expect(platform.observer.unrelayed).not.toEqual([]);
    await stack.startService('relay');
    const placed = await goShopping(platform, quick.slice(0, 60), { rate: null, onProgress: () => {} });
    expectPlannedOutcomes(platform, placed);
    await expectCleanLedger(platform);
    await uncommitted.close();
  });

  it('a projector inside the transaction of a batch applies that batch once', async () => {
    const { stack, platform } = test;
    const inTransaction = async (): Promise<boolean> => {
      const rows = await platform.query<{ open: string }>(
        'order_service',
        "SELECT count(*) AS open FROM pg_stat_activity WHERE usename = 'order_service' AND state = 'idle in transaction'",
      );
      return rows[0]!.open !== '0';
    };
    const cutOff = Promise.allSettled([goShopping(platform, quick.slice(60, 110), { rate: null, onProgress: () => {} })]);
    await killInside(stack, 'order-service', inTransaction);
    expect(await backlog(platform)).toContainEqual(expect.stringMatching(/^order-(summary|price-list|demand): behind/));
    await stack.startServices(['order-service']);
    await cutOff;
    // Whoever was cut off sends the same order again under the same key.
    const placed = await goShopping(platform, quick.slice(60, 110), { rate: null, onProgress: () => {} });
    expectPlannedOutcomes(platform, placed);
    await expectCleanLedger(platform);
  });

  it('a reactor between its effect and the commit of its offset is delivered the same events again, to no effect', async () => {
    const { stack, platform } = test;
    const recordOf = new Map<string, { topic: string; partition: number; offset: bigint }>();
    /** Facts that come from records behind the committed offset: their effect is stored, their delivery is not acknowledged. */
    const unacknowledged = async (): Promise<number> => {
      for (const record of platform.observer.records) if (record.eventId !== null) recordOf.set(record.eventId, record);
      const committed = new Map<string, bigint>();
      const offsets = await platform.admin.fetchOffsets({ groupId: 'inventory-reservations', topics: ['orders'] });
      for (const { partition, offset } of offsets[0]!.partitions) committed.set(`orders/${partition}`, BigInt(offset));
      return platform.observer.facts.filter(({ stream, metadata }) => {
        const cause = recordOf.get(metadata.$causationId);
        return /^(stock|reservation)-/.test(stream) && cause?.topic === 'orders' && cause.offset >= committed.get(`orders/${cause.partition}`)!;
      }).length;
    };
    const shopping = Promise.allSettled([goShopping(platform, quick.slice(110), { rate: null, onProgress: () => {} })]);
    await killInside(stack, 'inventory-service', async () => (await unacknowledged()) > 0);
    expect(await unacknowledged()).toBeGreaterThan(0);
    await stack.startServices(['inventory-service']);
    const [placed] = await shopping;
    if (placed.status === 'rejected') throw placed.reason;
    expectPlannedOutcomes(platform, placed.value);
    await expectCleanLedger(platform);
  });
});
