import { describe, expect, it } from 'vitest';
import { MONEY, ORDER, type Told, story } from '../testing/events.ts';
import { type Row, compareRows } from './discrepancy.ts';
import { expectedTables } from './expected-tables.ts';

const AT = '2026-01-01T00:00:00.000Z';

/** The only row that the events amount to. */
function rowOf(table: string, ...told: readonly Told[]): Row {
  const model = expectedTables.find((each) => each.table === table)!;
  const rows = model.expected(story(...told));
  expect(rows.size).toBe(1);
  return [...rows.values()][0]!;
}

describe('By the events alone,', () => {
  it('an order says when its cancellation was asked for and came, and why', () => {
    const placed = rowOf('order_summary', 'OrderPlaced', 'ShippingAddressChanged');
    expect(placed).toMatchObject({ status: 'placed', revision: 1, requested_at: null, cancelled_at: null, cancellation_reason: null });
    const requested = rowOf('order_summary', 'OrderPlaced', 'OrderAccepted', 'OrderPaid', 'OrderCancellationRequested');
    expect(requested).toMatchObject({ status: 'paid', revision: 3, requested_at: AT, cancelled_at: null });
    const cancelled = rowOf('order_summary', 'OrderPlaced', 'OrderPaid', 'OrderCancellationRequested', [
      'OrderCancelled',
      { reason: 'CUSTOMER' },
    ]);
    expect(cancelled).toMatchObject({
      status: 'cancelled',
      revision: 3,
      requested_at: AT,
      cancelled_at: AT,
      cancellation_reason: 'CUSTOMER',
    });
  });

  it.each<[table: string, status: string, told: Told[]]>([
    ['payment', 'voided', ['PaymentRequested', 'PaymentAuthorised', 'PaymentVoided']],
    ['payment', 'refunded', ['PaymentRequested', 'PaymentAuthorised', 'PaymentCaptured', 'PaymentRefunded']],
    ['order_payment', 'capture-failed', ['PaymentRequested', 'PaymentAuthorised', 'PaymentCaptureFailed']],
    ['order_payment', 'voided', ['PaymentRequested', 'PaymentAuthorised', 'PaymentVoided']],
    ['shipment', 'cancelled', ['ShipmentScheduled', 'ShipmentCancelled']],
    ['shipment', 'recalled', ['ShipmentScheduled', 'ShipmentDispatched', 'ShipmentRecalled']],
    ['shipment', 'returned', ['ShipmentScheduled', 'ShipmentDispatched', 'ShipmentReturned']],
    ['order_shipment', 'recalled', ['ShipmentScheduled', 'ShipmentDispatched', 'ShipmentRecalled']],
    ['order_shipment', 'delivered', ['ShipmentScheduled', 'ShipmentDispatched', 'ShipmentRecalled', 'ShipmentDelivered']],
    ['reservation', 'returned', ['ReservationConfirmed', 'ReservationFulfilled', 'ReservationReturned']],
  ])('%s is %s after %j, at the last revision', (table, status, told) => {
    expect(rowOf(table, ...told)).toMatchObject({ status, revision: told.length - 1 });
  });

  it('a shipment says who took it and under which number, once it has left', () => {
    expect(rowOf('shipment', 'ShipmentScheduled')).toMatchObject({ carrier: null, tracking: null });
    const dispatched = ['ShipmentScheduled', ['ShipmentDispatched', { carrier: 'Blue Van' }], 'ShipmentDelivered'] as const;
    expect(rowOf('shipment', ...dispatched)).toMatchObject({ status: 'delivered', carrier: 'Blue Van', tracking: 'BV-1' });
  });

  it('goods that came back are on hand, and not reserved', () => {
    const moved = ['StockReceived', 'StockReserved', 'StockIssued'] as const;
    expect(rowOf('stock_level', ...moved)).toMatchObject({ on_hand: 0, reserved: 0 });
    expect(rowOf('stock_level', ...moved, 'StockReturned')).toMatchObject({ on_hand: 2, reserved: 0 });
  });

  it('a day’s revenue counts what was captured and what was refunded, each on its own day', () => {
    const refundedAt = '2026-01-02T08:00:00.000Z';
    const model = expectedTables.find(({ table }) => table === 'revenue_by_day')!;
    const expected = model.expected(story('PaymentCaptured', ['PaymentRefunded', { refundedAt }], ['PaymentRefunded', { refundedAt }]));
    expect([...expected]).toEqual([
      ['2026-01-01 in EUR', { amount: MONEY.amount, refunded: 0, captures: 1, refunds: 0 }],
      ['2026-01-02 in EUR', { amount: 0, refunded: 2 * MONEY.amount, captures: 0, refunds: 2 }],
    ]);
    const missed = new Map([...expected].map(([key, row]) => [key, { ...row, refunds: 1 }]));
    expect(compareRows('revenue_by_day', expected, missed).map(({ detail }) => detail)).toEqual([
      'refunds is 1, but its events say 0',
      'refunds is 1, but its events say 2',
    ]);
  });

  it('demand, reserved units and dispatches are sums of their events', () => {
    const told = ['OrderPlaced', 'StockReserved', 'ShipmentDispatched', 'StockReleased', 'ShipmentReturned'] as const;
    expect(rowOf('order_demand', ...told)).toEqual({ units: 2 });
    expect(rowOf('reserved_units', ...told)).toEqual({ units: 2 });
    expect(rowOf('dispatches_by_day', ...told)).toEqual({ dispatches: 1 });
  });
});

it('no number is read from a table as one that may be too small for it', () => {
  for (const { sql } of expectedTables) expect(sql).not.toMatch(/::(int|smallint)/);
});

it('a row that its group should have written is missed, and one that a column lags in is found', () => {
  const model = expectedTables.find(({ table }) => table === 'order_shipment')!;
  const expected = model.expected(story('ShipmentScheduled', 'ShipmentDispatched'));
  expect(compareRows('order_shipment', expected, new Map())).toHaveLength(1);
  const behind = new Map([[ORDER, { status: 'scheduled', revision: 0 }]]);
  expect(compareRows('order_shipment', expected, behind).map(({ detail }) => detail)).toEqual([
    'status is "scheduled", but its events say "dispatched"',
    'revision is 0, but its events say 1',
  ]);
});
