import type { EventNamed, EventType } from '@orderstream/contracts';
import type { StoredEvent } from '@orderstream/event-sourcing';
import type { Row } from './offence.ts';
import type { ReadModel } from './read-models.ts';

/** Adds up events of one type: what each adds to which key. */
function sum<Type extends EventType>(
  type: Type,
  facts: readonly StoredEvent[],
  column: string,
  parts: (data: EventNamed<Type>['data']) => readonly { readonly key: string; readonly by: number }[],
): Map<string, Row> {
  const sums = new Map<string, number>();
  for (const { event } of facts) {
    if (event.type !== type) continue;
    for (const { key, by } of parts(event.data as EventNamed<Type>['data'])) sums.set(key, (sums.get(key) ?? 0) + by);
  }
  return new Map([...sums].map(([key, total]) => [key, { [column]: total }]));
}

const day = (instant: string): string => instant.slice(0, 10);
const TITLE = 'the sum of all events, none missed and none twice';

export const additiveModels: readonly ReadModel[] = [
  {
    group: 'order-demand',
    database: 'order_service',
    table: 'order_demand',
    title: TITLE,
    sql: "SELECT sku || ' on ' || day AS key, units::int FROM order_demand",
    expected: (facts) =>
      sum('OrderPlaced', facts, 'units', ({ lines, placedAt }) =>
        lines.map(({ sku, quantity }) => ({ key: `${sku} on ${day(placedAt)}`, by: quantity }))),
  },
  {
    group: 'stock-reserved-units',
    database: 'inventory_service',
    table: 'reserved_units',
    title: TITLE,
    sql: 'SELECT sku AS key, units::int FROM reserved_units',
    expected: (facts) => sum('StockReserved', facts, 'units', ({ sku, quantity }) => [{ key: sku, by: quantity }]),
  },
  {
    group: 'revenue-by-day',
    database: 'payment_service',
    table: 'revenue_by_day',
    title: TITLE,
    sql: "SELECT day || ' in ' || currency AS key, amount::float8 AS amount FROM revenue_by_day",
    expected: (facts) =>
      sum('PaymentCaptured', facts, 'amount', ({ amount, capturedAt }) => [
        { key: `${day(capturedAt)} in ${amount.currency}`, by: amount.amount },
      ]),
  },
  {
    group: 'dispatches-by-day',
    database: 'shipping_service',
    table: 'dispatches_by_day',
    title: TITLE,
    sql: 'SELECT day::text AS key, dispatches::int FROM dispatches_by_day',
    expected: (facts) => sum('ShipmentDispatched', facts, 'dispatches', ({ dispatchedAt }) => [{ key: day(dispatchedAt), by: 1 }]),
  },
];
