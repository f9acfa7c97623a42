import { column, projectionOf, SumRows } from '@orderstream/postgres';

/** How many shipments left on a day (UTC). */
export const dispatchesByDay = new SumRows({
  table: 'dispatches_by_day',
  category: 'shipment',
  keys: { day: column('date') },
  sums: ['dispatches'],
  add: { ShipmentDispatched: ({ dispatchedAt }) => [{ day: dispatchedAt.slice(0, 10), dispatches: 1 }] },
});

export const dispatchesByDayProjection = projectionOf('dispatches-by-day', dispatchesByDay);
