import { describe, expect, it } from 'vitest';
import { type Outcome, endsByDeadline, outcomes } from './outcomes.ts';
import { type PlannedOrder, plan, planOf } from './plan.ts';

const outcomesIn = (orders: readonly PlannedOrder[]): Set<Outcome> => new Set(orders.map(({ outcome }) => outcome));

it('the same seed plans the same shop, another seed another', () => {
  expect(plan(50, 1)).toEqual(plan(50, 1));
  expect(plan(50, 1)).not.toEqual(plan(50, 2));
});

it('every outcome occurs in 12 orders, several lines and repeated keys in 200, and most are delivered', () => {
  for (const seed of [0, 1, 2, 3]) expect(outcomesIn(plan(12, seed).orders)).toEqual(new Set(outcomes));
  const { orders } = plan(200, 1);
  expect(outcomesIn(orders)).toEqual(new Set(outcomes));
  expect(orders.filter(({ outcome }) => outcome === 'delivered').length).toBeGreaterThan(100);
  expect(orders.some(({ body }) => body.lines.length > 2)).toBe(true);
  expect(orders.filter(({ copies }) => copies === 20)).toHaveLength(8);
  expect(new Set(orders.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(200);
});

it('there is stock for every order that is to be delivered', () => {
  const { products, orders } = plan(200, 7);
  const asked = new Map<string, number>();
  for (const { body } of orders) for (const { sku, quantity } of body.lines) asked.set(sku, (asked.get(sku) ?? 0) + quantity);
  for (const { sku, stock } of products) if (sku !== 'SOLD-OUT') expect(stock).toBeGreaterThanOrEqual(asked.get(sku) ?? 0);
});

it('orders that a deadline ends are placed first, so that the others don’t wait for them', () => {
  const ends = plan(200, 1).orders.map(({ outcome }) => endsByDeadline(outcome));
  expect(ends.lastIndexOf(true)).toBeLessThan(ends.indexOf(false));
});

it.each(outcomes)('an order that ends as %s can be asked for, however few there are', (outcome) => {
  expect(outcomesIn(plan(1, 1, outcome).orders)).toEqual(new Set([outcome]));
  expect(plan(3, 1, outcome).orders).toHaveLength(3);
  expect(planOf([outcome, outcome], 1).orders.map((order) => order.outcome)).toEqual([outcome, outcome]);
});

describe('How a customer pays decides how an order ends where it depends on that:', () => {
  const methodsOf = (outcome: Outcome): Set<string> =>
    new Set(
      planOf(
        Array.from({ length: 40 }, () => outcome),
        5,
      ).orders.map(({ body }) => body.paymentMethod),
    );

  it.each([
    ['payment declined', 'pm_card_declined'],
    ['payment given up', 'pm_card_silent'],
    ['cancelled before payment', 'pm_card_silent'],
    ['capture failed', 'pm_card_capture_refused'],
  ] as const)('%s by %s alone', (outcome, method) => {
    expect(methodsOf(outcome)).toEqual(new Set([method]));
  });

  it.each(['delivered', 'recalled and returned', 'never dispatched'] as const)('%s by any method that works in the end', (outcome) => {
    expect([...methodsOf(outcome)].sort()).toEqual(['pm_card_lost_reply', 'pm_card_ok', 'pm_card_unstable']);
  });
});

it('whoever can’t be paid yet moves, since the address may change until then; some others try', () => {
  const { orders } = plan(200, 1);
  const silent = orders.filter(({ body }) => body.paymentMethod === 'pm_card_silent');
  expect(silent.every(({ movesTo }) => movesTo !== null)).toBe(true);
  expect(orders.filter(({ outcome, movesTo }) => outcome === 'delivered' && movesTo !== null)).not.toEqual([]);
});
