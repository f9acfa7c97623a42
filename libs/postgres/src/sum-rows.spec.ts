import { delivered } from '@orderstream/messaging/testing';
import { describe, expect, it } from 'vitest';
import { column } from './columns.ts';
import { SumRows } from './sum-rows.ts';

const demand = new SumRows({
  table: 'demand',
  category: 'order',
  keys: { sku: column('text'), day: column('date') },
  sums: ['units', 'orders'],
  add: {
    OrderPlaced: ({ lines, placedAt }) =>
      lines.map(({ sku, quantity }) => ({ sku, day: placedAt.slice(0, 10), units: quantity, orders: 1 })),
  },
});

const placed = (sku: string, quantity: number, day: number) =>
  delivered(
    { type: 'OrderPlaced', data: { lines: [{ sku, quantity }], placedAt: `2026-01-0${day}T00:00:00.000Z` } },
    { stream: `order-${sku}` },
  );

/** What a batch gives to Postgres: the parameters of its one statement, or null when there is none. */
async function written(events: Parameters<typeof demand.apply>[1]): Promise<readonly unknown[] | null> {
  let parameters: readonly unknown[] | null = null;
  const query = (_: string, given: readonly unknown[] = []): Promise<never[]> => {
    expect(parameters).toBeNull();
    parameters = given;
    return Promise.resolve([]);
  };
  await demand.apply({ query }, events);
  return parameters;
}

describe('Sums', () => {
  it('are written in the order of their keys, so that two partitions lock the rows that they share in the same order', async () => {
    const events = [placed('TEA', 2, 3), placed('CUP', 1, 2), placed('TEA', 5, 1), placed('CUP', 4, 2)];
    const sorted = [
      ['CUP', 'TEA', 'TEA'],
      ['2026-01-02', '2026-01-01', '2026-01-03'],
      [5, 5, 2],
      [2, 1, 1],
    ];
    expect(await written(events)).toEqual(sorted);
    expect(await written(events.toReversed())).toEqual(sorted);
  });

  it('cost no statement when no event adds to them', async () => {
    expect(await written([])).toBeNull();
    expect(await written([delivered({ type: 'OrderAccepted', data: {} }, { stream: 'order-TEA' })])).toBeNull();
    expect(await written([{ ...placed('TEA', 1, 1), stream: 'product-1' }])).toBeNull();
  });
});
