import { column, projectionOf, SumRows } from '@orderstream/postgres';

/** Units ordered per product and day (UTC). */
export const orderDemand = new SumRows({
  table: 'order_demand',
  category: 'order',
  keys: { sku: column('text'), day: column('date') },
  sums: ['units'],
  add: {
    OrderPlaced: ({ placedAt, lines }) => lines.map(({ sku, quantity }) => ({ sku, day: placedAt.slice(0, 10), units: quantity })),
  },
});

export const orderDemandProjection = projectionOf('order-demand', orderDemand);
