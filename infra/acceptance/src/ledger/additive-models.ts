import type { Category, EventOf, Money } from '@orderstream/contracts';
import type { StoredEvent } from '@orderstream/event-sourcing';
import type { Row } from './discrepancy.ts';
import type { ExpectedTable } from './expected-table.ts';

/** Adds up what events add to which columns of which row. */
function sums<Column extends string>(
  columns: readonly Column[],
  events: readonly StoredEvent[],
  parts: (event: EventOf<Category>) => readonly ({ readonly key: string } & { readonly [Of in Column]?: number })[],
): Map<string, Row> {
  const rows = new Map<string, Row>();
  for (const { event } of events) {
    for (const part of parts(event as EventOf<Category>)) {
      const row = rows.get(part.key);
      const added = columns.map((column): [string, number] => [column, Number(row?.[column] ?? 0) + (part[column] ?? 0)]);
      rows.set(part.key, Object.fromEntries(added));
    }
  }
  return rows;
}

const day = (instant: string): string => instant.slice(0, 10);
const dayIn = (instant: string, { currency }: Money): string => `${day(instant)} in ${currency}`;
const TITLE = 'the sum of all events, none missed and none twice';

export const additiveModels: readonly ExpectedTable[] = [
  {
    group: 'order-demand',
    database: 'order_service',
    table: 'order_demand',
    title: TITLE,
    sql: "SELECT sku || ' on ' || day AS key, units::float8 AS units FROM order_demand",
    expected: (events) =>
      sums(['units'], events, ({ type, data }) =>
        type === 'OrderPlaced' ? data.lines.map(({ sku, quantity }) => ({ key: `${sku} on ${day(data.placedAt)}`, units: quantity })) : [],
      ),
  },
  {
    group: 'stock-reserved-units',
    database: 'inventory_service',
    table: 'reserved_units',
    title: TITLE,
    sql: 'SELECT sku AS key, units::float8 AS units FROM reserved_units',
    expected: (events) =>
      sums(['units'], events, ({ type, data }) => (type === 'StockReserved' ? [{ key: data.sku, units: data.quantity }] : [])),
  },
  {
    group: 'revenue-by-day',
    database: 'payment_service',
    table: 'revenue_by_day',
    title: TITLE,
    sql: `SELECT day || ' in ' || currency AS key, amount::float8 AS amount, refunded::float8 AS refunded,
            captures::float8 AS captures, refunds::float8 AS refunds FROM revenue_by_day`,
    expected: (events) =>
      sums(['amount', 'refunded', 'captures', 'refunds'], events, ({ type, data }) => {
        if (type === 'PaymentCaptured') return [{ key: dayIn(data.capturedAt, data.amount), amount: data.amount.amount, captures: 1 }];
        if (type === 'PaymentRefunded') return [{ key: dayIn(data.refundedAt, data.amount), refunded: data.amount.amount, refunds: 1 }];
        return [];
      }),
  },
  {
    group: 'dispatches-by-day',
    database: 'shipping_service',
    table: 'dispatches_by_day',
    title: TITLE,
    sql: 'SELECT day::text AS key, dispatches::float8 AS dispatches FROM dispatches_by_day',
    expected: (events) =>
      sums(['dispatches'], events, ({ type, data }) =>
        type === 'ShipmentDispatched' ? [{ key: day(data.dispatchedAt), dispatches: 1 }] : [],
      ),
  },
];
