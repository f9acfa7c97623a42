import { column, projectionOf, SumRows } from '@orderstream/postgres';

/** Units of a product that orders have ever held. */
export const reservedUnits = new SumRows({
  table: 'reserved_units',
  category: 'stock',
  keys: { sku: column('text') },
  sums: ['units'],
  add: { StockReserved: ({ sku, quantity }) => [{ sku, units: quantity }] },
});

export const reservedUnitsProjection = projectionOf('stock-reserved-units', reservedUnits);
