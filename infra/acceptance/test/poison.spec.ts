import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { goShopping, openShop } from '../src/demo/shopping.ts';
import { endsByDeadline } from '../src/shop/outcomes.ts';
import { plan, planOf } from '../src/shop/plan.ts';
import { type TestPlatform, eventually, expectPlannedOutcomes, startPlatform } from './harness.ts';

const poisons: Readonly<Record<string, { readonly value: Buffer; readonly cause: RegExp }>> = {
  'order-without-magic-byte': { value: Buffer.from('{"not":"avro"}'), cause: /magic byte/ },
  'order-of-unknown-schema': { value: Buffer.from([0, 0x7f, 0xff, 0xff, 0xff, 1, 2, 3]), cause: /no schema with id/ },
  'order-truncated': { value: Buffer.from([0, 0, 0, 0, 1]), cause: /is not a \w+ of schema 1/ },
};

interface ParkedRow {
  readonly group_name: string;
  readonly stream: string;
  readonly cause: string;
  readonly value: Buffer;
}

describe('A record that cannot be decoded', () => {
  let test: TestPlatform;
  const { products, orders } = plan(20, 13);
  const prompt = orders.filter(({ outcome }) => !endsByDeadline(outcome));
  const parked = (): Promise<ParkedRow[]> =>
    test.platform.query('order_service', 'SELECT group_name, stream, cause, value FROM parked_event ORDER BY 1, 2');
  beforeAll(async () => {
    test = await startPlatform();
    await openShop(test.platform, products);
    const producer = test.platform.kafka.producer();
    await producer.connect();
    await producer.send({
      topic: 'orders',
      messages: Object.entries(poisons).map(([key, { value }]) => ({ key, value, partition: 0 })),
    });
    await producer.disconnect();
  });
  afterAll(() => test?.end());

  it('is parked with its bytes and its cause by every consumer of its topic', async () => {
    await eventually(async () => expect(await parked()).toHaveLength(2 * Object.keys(poisons).length));
    for (const { stream, cause, value } of await parked()) {
      expect(value).toEqual(poisons[stream]!.value);
      expect(cause).toMatch(poisons[stream]!.cause);
    }
  });

  it('holds up nothing else', async () => {
    expectPlannedOutcomes(test.platform, await goShopping(test.platform, prompt, { rate: null, onProgress: () => {} }));
  });

  it('is the same to a consumer that starts again', async () => {
    const before = await parked();
    await test.stack.restart('order-service');
    await test.stack.untilReady('order-service');
    await goShopping(test.platform, planOf(['delivered'], 17).orders, { rate: null, onProgress: () => {} });
    expect(await parked()).toEqual(before);
  });
});
