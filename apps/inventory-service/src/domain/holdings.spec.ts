import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Holdings, entriesOf, held, hold, letGo, noHoldings } from './holdings.ts';

// Few digits vary, so that leaves overflow at several depths.
const ids = fc.nat({ max: 4095 }).map((n) => `00000000-0000-4000-8000-00000000${n.toString(16).padStart(4, '0')}`);
const changes = fc.array(fc.oneof(fc.tuple(ids, fc.integer({ min: 1, max: 9 })), fc.tuple(ids, fc.constant(null))), {
  maxLength: 300,
  size: 'max',
});

it('holdings say what a map would say', () => {
  fc.assert(
    fc.property(changes, (all) => {
      const map = new Map<string, number>();
      let holdings: Holdings = noHoldings;
      for (const [id, quantity] of all) {
        if (quantity === null) map.delete(id);
        else map.set(id, quantity);
        holdings = quantity === null ? letGo(holdings, id) : hold(holdings, id, quantity);
        expect(held(holdings, id)).toBe(map.get(id));
      }
      expect(new Map(entriesOf(holdings))).toEqual(map);
      expect(JSON.parse(JSON.stringify(holdings))).toEqual(holdings);
    }),
  );
});

it('holdings are never changed, only made anew', () => {
  const before = hold(noHoldings, '00000000-0000-4000-8000-000000000001', 5);
  const copy = structuredClone(before);
  hold(before, '00000000-0000-4000-8000-000000000002', 1);
  letGo(before, '00000000-0000-4000-8000-000000000001');
  expect(before).toEqual(copy);
});
