import { describe, expect, it } from 'vitest';
import { checkpointAt, differences, fromJson, StartRefused, toJson } from './checkpoint.ts';
import { everything, type Shard } from './shard.ts';

const last = { stream: 'order-1', revision: 3, id: '6e3a7b52-9b0c-4d61-8f0d-1d5d6c2f9a10' };

describe('A checkpoint', () => {
  it('comes back as it was written, also a position that no number can hold', () => {
    const checkpoint = checkpointAt(2n ** 60n + 1n, last, everything, [{ stream: 'order-1', place: -7, cause: 'x' }]);
    expect(fromJson(toJson(checkpoint))).toEqual(checkpoint);
    const first = checkpointAt(null, null, everything, []);
    expect(fromJson(toJson(first))).toEqual(first);
  });

  it('of a relay that counted no failures is one without any', () => {
    const { failures: _, ...earlier } = checkpointAt(null, last, everything, []);
    expect(fromJson(JSON.stringify(earlier))).toEqual({ ...earlier, failures: [] });
  });

  it.each(['', '{}', '12', '{"position":"x","last":null,"routes":{},"partitions":{}}'])('that reads %j stops the relay', (text) => {
    expect(() => fromJson(text)).toThrow(StartRefused);
  });

  it('holds for the filter that it was written under', () => {
    expect(differences(checkpointAt(7n, last, everything, []), everything)).toBeNull();
  });

  it.each<[string, Partial<Shard>, RegExp]>([
    ['a category more', { routes: { ...everything.routes, ['cart' as 'order']: 'carts' } }, /streams cart-\* are new/],
    ['a category less', { routes: { order: 'orders' } }, /streams stock-\* went to topic inventory and are not carried/],
    ['another topic', { routes: { ...everything.routes, order: 'catalog' } }, /streams order-\* went to topic orders and would go to catalog/],
    ['another partition count', { partitions: { ...everything.partitions, orders: 12 } }, /topic orders had 6 partitions and has 12/],
  ])('does not hold under %s, and says so', (_, change, message) => {
    expect(differences(checkpointAt(7n, last, everything, []), { ...everything, ...change })).toMatch(message);
  });
});
