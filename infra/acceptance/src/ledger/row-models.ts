import type { Category, EventOf } from '@orderstream/contracts';
import { type StoredEvent, unreachable } from '@orderstream/event-sourcing';
import type { Row } from './discrepancy.ts';
import type { ExpectedTable } from './expected-table.ts';

/** Folds the streams of one category into one row each: every event changes its stream's row. */
function fold<Of extends Category>(
  category: Of,
  events: readonly StoredEvent[],
  next: (row: Row, event: EventOf<Of>) => Row,
): Map<string, Row> {
  const rows = new Map<string, Row>();
  for (const { stream, event, revision } of events) {
    if (!stream.startsWith(`${category}-`)) continue;
    const key = stream.slice(category.length + 1);
    rows.set(key, { ...next(rows.get(key) ?? {}, event as EventOf<Of>), revision });
  }
  return rows;
}

const TITLE = 'every row is the fold of its stream, at its revision';

export const rowModels: readonly ExpectedTable[] = [
  {
    group: 'order-summary',
    database: 'order_service',
    table: 'order_summary',
    title: TITLE,
    sql: `SELECT order_id AS key, revision, status, customer_id, lines, total_amount::float8 AS total, currency,
            tracking_number AS tracking, rejection_reason AS reason, cancellation_requested_at AS requested_at,
            cancelled_at, cancellation_reason FROM order_summary`,
    expected: (events) =>
      fold('order', events, (row, { type, data }) => {
        switch (type) {
          case 'OrderPlaced': {
            const { customerId: customer_id, lines, total } = data;
            const later = { tracking: null, reason: null, requested_at: null, cancelled_at: null, cancellation_reason: null };
            return { status: 'placed', customer_id, lines, total: total.amount, currency: total.currency, ...later };
          }
          case 'ShippingAddressChanged':
            return row;
          case 'OrderAccepted':
            return { ...row, status: 'accepted' };
          case 'OrderPaid':
            return { ...row, status: 'paid' };
          case 'OrderShipped':
            return { ...row, status: 'shipped', tracking: data.trackingNumber };
          case 'OrderDelivered':
            return { ...row, status: 'delivered' };
          case 'OrderRejected':
            return { ...row, status: 'rejected', reason: data.reason };
          case 'OrderCancellationRequested':
            return { ...row, requested_at: data.requestedAt };
          case 'OrderCancelled':
            return { ...row, status: 'cancelled', cancelled_at: data.cancelledAt, cancellation_reason: data.reason };
          default:
            return unreachable(type);
        }
      }),
  },
  {
    group: 'order-summary',
    database: 'order_service',
    table: 'order_payment',
    title: TITLE,
    sql: 'SELECT order_id AS key, revision, status FROM order_payment',
    expected: (events) => fold('payment', events, (_, { type }) => ({ status: paymentStatus(type) })),
  },
  {
    group: 'order-summary',
    database: 'order_service',
    table: 'order_shipment',
    title: TITLE,
    sql: 'SELECT order_id AS key, revision, status FROM order_shipment',
    expected: (events) => fold('shipment', events, (_, { type }) => ({ status: shipmentStatus(type) })),
  },
  {
    group: 'order-price-list',
    database: 'order_service',
    table: 'order_price',
    title: TITLE,
    sql: 'SELECT sku AS key, revision, amount::float8 AS amount, currency, on_sale FROM order_price',
    expected: (events) =>
      fold('product', events, (row, { type, data }) => {
        if (type === 'ProductDelisted') return { ...row, on_sale: false };
        return { ...data.price, on_sale: type === 'ProductListed' ? true : row['on_sale'] };
      }),
  },
  {
    group: 'product',
    database: 'inventory_service',
    table: 'product',
    title: TITLE,
    sql: 'SELECT sku AS key, revision, name, amount::float8 AS amount, currency, listed FROM product',
    expected: (events) =>
      fold('product', events, (row, { type, data }) => {
        if (type === 'ProductDelisted') return { ...row, listed: false };
        if (type === 'ProductPriceChanged') return { ...row, ...data.price };
        return { name: data.name, ...data.price, listed: true };
      }),
  },
  {
    group: 'stock-level',
    database: 'inventory_service',
    table: 'stock_level',
    title: TITLE,
    sql: 'SELECT sku AS key, revision, on_hand::float8 AS on_hand, reserved::float8 AS reserved FROM stock_level',
    expected: (events) =>
      fold('stock', events, (row, { type, data }) => {
        const on_hand = Number(row['on_hand'] ?? 0);
        const reserved = Number(row['reserved'] ?? 0);
        if (type === 'StockReceived') return { on_hand: on_hand + data.quantity, reserved };
        if (type === 'StockReserved') return { on_hand, reserved: reserved + data.quantity };
        if (type === 'StockReleased') return { on_hand, reserved: reserved - data.quantity };
        if (type === 'StockIssued') return { on_hand: on_hand - data.quantity, reserved: reserved - data.quantity };
        if (type === 'StockReturned') return { on_hand: on_hand + data.quantity, reserved };
        return { on_hand, reserved };
      }),
  },
  {
    group: 'reservation',
    database: 'inventory_service',
    table: 'reservation',
    title: TITLE,
    sql: 'SELECT order_id AS key, revision, status, lines FROM reservation',
    expected: (events) =>
      fold('reservation', events, (_, { type, data }) => ({
        status: type.slice('Reservation'.length).toLowerCase(),
        lines: 'lines' in data ? data.lines : [],
      })),
  },
  {
    group: 'payment',
    database: 'payment_service',
    table: 'payment',
    title: TITLE,
    sql: 'SELECT order_id AS key, revision, status, amount::float8 AS amount, currency FROM payment',
    expected: (events) =>
      fold('payment', events, (row, { type, data }) => {
        if (type === 'PaymentRequested') return { status: 'requested', ...data.amount };
        return { ...row, status: paymentStatus(type) };
      }),
  },
  {
    group: 'shipment',
    database: 'shipping_service',
    table: 'shipment',
    title: TITLE,
    sql: 'SELECT order_id AS key, revision, status, lines, carrier, tracking_number AS tracking FROM shipment',
    expected: (events) =>
      fold('shipment', events, (row, { type, data }) => {
        if (type === 'ShipmentScheduled') return { status: 'scheduled', lines: data.lines, carrier: null, tracking: null };
        if (type === 'ShipmentDispatched') return { ...row, status: 'dispatched', carrier: data.carrier, tracking: data.trackingNumber };
        return { ...row, status: shipmentStatus(type) };
      }),
  },
];

function paymentStatus(type: EventOf<'payment'>['type']): string {
  return type === 'PaymentCaptureFailed' ? 'capture-failed' : type.slice('Payment'.length).toLowerCase();
}

function shipmentStatus(type: EventOf<'shipment'>['type']): string {
  return type.slice('Shipment'.length).toLowerCase();
}
