import { describe, expect, it } from 'vitest';
import { checkpointAt, differences, fromJson, StartRefused, toJson } from './checkpoint.ts';
import { everything, type Shard } from './shard.ts';

const last = { stream: 'order-1', revision: 3, id: '6e3a7b52-9b0c-4d61-8f0d-1d5d6c2f9a10' };
const nothing = { ends: {}, failures: [] };

describe('A checkpoint', () => {
  it('comes back as it was written, also a position that no number can hold', () => {
    const at = { ends: { orders: [7, 0, 2 ** 40] }, failures: [{ stream: 'order-1', place: -7, cause: 'x' }] };
    const checkpoint = checkpointAt(2n ** 60n + 1n, last, everything, at);
    expect(fromJson(toJson(checkpoint))).toEqual(checkpoint);
    const first = checkpointAt(null, null, everything, nothing);
    expect(fromJson(toJson(first))).toEqual(first);
  });

  it('of a relay from before parked events had a topic of their own is read, and says so', () => {
    const { routes, partitions } = everything;
    const written = JSON.stringify({ position: '12', last, routes, partitions });
    expect(fromJson(written)).toEqual({ position: 12n, last, routes, partitions, ends: {}, failures: [], parkedApart: false });
  });

  it('is nothing that a relay from before parked events had a topic of their own takes for one', () => {
    expect(JSON.parse(toJson(checkpointAt(7n, last, everything, nothing)))).not.toHaveProperty('last');
  });

  it.each(['', '{}', '12', '{"position":"x","last":null,"routes":{},"partitions":{}}'])('that reads %j stops the relay', (text) => {
    expect(() => fromJson(text)).toThrow(StartRefused);
  });

  it('holds for the filter that it was written under', () => {
    expect(differences(checkpointAt(7n, last, everything, nothing), everything)).toBeNull();
  });

  it.each<[string, Partial<Shard>, RegExp]>([
    ['a category more', { routes: { ...everything.routes, ['cart' as 'order']: 'carts' } }, /streams cart-\* are new/],
    ['a category less', { routes: { order: 'orders' } }, /streams product-\* went to topic catalog and are not carried/],
    [
      'another topic',
      { routes: { ...everything.routes, order: 'catalog' } },
      /streams order-\* went to topic orders and would go to catalog/,
    ],
    ['another partition count', { partitions: { ...everything.partitions, orders: 12 } }, /topic orders had 6 partitions and has 12/],
  ])('does not hold under %s, and says so', (_, change, message) => {
    expect(differences(checkpointAt(7n, last, everything, nothing), { ...everything, ...change })).toMatch(message);
  });
});
