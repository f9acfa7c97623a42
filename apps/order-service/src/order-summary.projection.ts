import type { OrderLine } from '@orderstream/contracts';
import { column, nullable, projectionOf, type RowOfTable, StreamRows } from '@orderstream/postgres';
import type { OrderStatus } from './domain/order.decider.ts';
import type { PaymentStatus, ShipmentStatus } from './order.api.ts';

const key = { order_id: column('uuid') };

/** One row per order, as it stands. */
export const orderSummary = new StreamRows({
  table: 'order_summary',
  category: 'order',
  key,
  columns: {
    status: column<OrderStatus>('text'),
    customer_id: column('uuid'),
    lines: column<readonly OrderLine[]>('jsonb'),
    /** Minor units. */
    total_amount: column('bigint'),
    currency: column('text'),
    placed_at: column('timestamptz'),
    updated_at: column('timestamptz'),
    carrier: nullable('text'),
    tracking_number: nullable('text'),
    rejection_reason: nullable('text'),
    rejection_detail: nullable('text'),
    cancellation_requested_at: nullable('timestamptz'),
    cancelled_at: nullable('timestamptz'),
    cancellation_reason: nullable('text'),
  },
  change: {
    OrderPlaced: ({ customerId, lines, total, placedAt }) => ({
      status: 'placed',
      customer_id: customerId,
      lines,
      total_amount: total.amount,
      currency: total.currency,
      placed_at: placedAt,
      updated_at: placedAt,
    }),
    OrderAccepted: ({ acceptedAt }) => ({ status: 'accepted', updated_at: acceptedAt }),
    OrderPaid: ({ paidAt }) => ({ status: 'paid', updated_at: paidAt }),
    OrderShipped: ({ carrier, trackingNumber, shippedAt }) => ({
      status: 'shipped',
      carrier,
      tracking_number: trackingNumber,
      updated_at: shippedAt,
    }),
    OrderDelivered: ({ deliveredAt }) => ({ status: 'delivered', updated_at: deliveredAt }),
    OrderRejected: ({ reason, detail, rejectedAt }) => ({
      status: 'rejected',
      rejection_reason: reason,
      rejection_detail: detail,
      updated_at: rejectedAt,
    }),
    OrderCancellationRequested: ({ requestedAt }) => ({ cancellation_requested_at: requestedAt, updated_at: requestedAt }),
    OrderCancelled: ({ reason, cancelledAt }) => ({
      status: 'cancelled',
      cancellation_reason: reason,
      cancelled_at: cancelledAt,
      updated_at: cancelledAt,
    }),
    ShippingAddressChanged: ({ changedAt }) => ({ updated_at: changedAt }),
  },
});

/** How an order's payment stands. It comes from another topic than the order's own row, and may be there earlier. */
export const orderPayment = new StreamRows({
  table: 'order_payment',
  category: 'payment',
  key,
  columns: { status: column<PaymentStatus>('text'), updated_at: column('timestamptz') },
  change: {
    PaymentRequested: ({ requestedAt }) => ({ status: 'requested', updated_at: requestedAt }),
    PaymentAuthorised: ({ authorisedAt }) => ({ status: 'authorised', updated_at: authorisedAt }),
    PaymentDeclined: ({ declinedAt }) => ({ status: 'declined', updated_at: declinedAt }),
    PaymentCaptured: ({ capturedAt }) => ({ status: 'captured', updated_at: capturedAt }),
    PaymentCaptureFailed: ({ failedAt }) => ({ status: 'capture-failed', updated_at: failedAt }),
    PaymentVoided: ({ voidedAt }) => ({ status: 'voided', updated_at: voidedAt }),
    PaymentRefunded: ({ refundedAt }) => ({ status: 'refunded', updated_at: refundedAt }),
  },
});

/** How an order's shipment stands, from a third topic. */
export const orderShipment = new StreamRows({
  table: 'order_shipment',
  category: 'shipment',
  key,
  columns: { status: column<ShipmentStatus>('text'), updated_at: column('timestamptz') },
  change: {
    ShipmentScheduled: ({ scheduledAt }) => ({ status: 'scheduled', updated_at: scheduledAt }),
    ShipmentDispatched: ({ dispatchedAt }) => ({ status: 'dispatched', updated_at: dispatchedAt }),
    ShipmentDelivered: ({ deliveredAt }) => ({ status: 'delivered', updated_at: deliveredAt }),
    ShipmentCancelled: ({ cancelledAt }) => ({ status: 'cancelled', updated_at: cancelledAt }),
    ShipmentRecalled: ({ recalledAt }) => ({ status: 'recalled', updated_at: recalledAt }),
    ShipmentReturned: ({ returnedAt }) => ({ status: 'returned', updated_at: returnedAt }),
  },
});

export type OrderSummaryRow = RowOfTable<typeof orderSummary>;

export const orderSummaryProjection = projectionOf('order-summary', orderSummary, orderPayment, orderShipment);
