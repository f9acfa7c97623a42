import { expect, it } from 'vitest';
import { plan } from './plan.ts';

it('the same seed plans the same shop, another seed another', () => {
  expect(plan(50, 1)).toEqual(plan(50, 1));
  expect(plan(50, 1)).not.toEqual(plan(50, 2));
});

it('every outcome, several lines and repeated keys occur in 200 orders', () => {
  const { orders } = plan(200, 1);
  expect(new Set(orders.map(({ outcome }) => outcome)).size).toBe(3);
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
