import type { EventOn } from '@orderstream/contracts';
import type { DeliveredEvent } from '@orderstream/messaging';
import { describe, expect, it } from 'vitest';
import { demandOf } from './order-demand.projection.ts';

function fact(type: string, data: object): DeliveredEvent<EventOn<'orders'>> {
  return { event: { type, data } } as unknown as DeliveredEvent<EventOn<'orders'>>;
}
const placed = (placedAt: string, ...lines: { sku: string; quantity: number }[]): DeliveredEvent<EventOn<'orders'>> =>
  fact('OrderPlaced', { placedAt, lines });

describe('demand', () => {
  it('adds up units per product and UTC day, in an order that all partitions share', () => {
    expect(
      demandOf([
        placed('2026-01-02T23:59:59.999Z', { sku: 'TEA', quantity: 2 }, { sku: 'CUP', quantity: 1 }),
        fact('OrderPaid', { lines: [{ sku: 'TEA', quantity: 2 }] }),
        placed('2026-01-03T00:00:00.000Z', { sku: 'TEA', quantity: 5 }),
        placed('2026-01-02T00:00:00.000Z', { sku: 'TEA', quantity: 1 }),
      ]),
    ).toEqual([
      { sku: 'CUP', day: '2026-01-02', units: 1 },
      { sku: 'TEA', day: '2026-01-02', units: 3 },
      { sku: 'TEA', day: '2026-01-03', units: 5 },
    ]);
  });
  it('is nothing where nothing was placed', () => {
    expect(demandOf([fact('OrderAccepted', {})])).toEqual([]);
  });
});
