import type { StreamEvent } from '@orderstream/postgres';
import { orderSummary, type OrderSummaryRow } from './order-summary.projection.ts';
import type { OrderView } from './order.api.ts';

type Beside = Pick<OrderView, 'paymentStatus' | 'shipmentStatus'>;

/** An order's row as clients see it. Payment and shipment have streams of their own. */
export function toView(row: OrderSummaryRow, { paymentStatus, shipmentStatus }: Beside): OrderView {
  const { carrier, tracking_number: trackingNumber, rejection_reason: reason, rejection_detail: detail } = row;
  return {
    orderId: row.order_id,
    revision: row.revision,
    status: row.status,
    customerId: row.customer_id,
    lines: row.lines.map(({ sku, quantity, unitPrice }) => ({ sku, quantity, unitPrice })),
    total: { amount: row.total_amount, currency: row.currency },
    placedAt: row.placed_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
    paymentStatus,
    shipmentStatus,
    shipment: carrier === null || trackingNumber === null ? null : { carrier, trackingNumber },
    rejection: reason === null || detail === null ? null : { reason, detail },
    cancellation: cancellationOf(row),
  };
}

/** An order as its stream has it, ahead of the read model; null without events. */
export function viewOf(events: readonly StreamEvent[]): OrderView | null {
  const row = orderSummary.rowOf(events);
  return row === null ? null : toView(row, { paymentStatus: null, shipmentStatus: null });
}

function cancellationOf(row: OrderSummaryRow): OrderView['cancellation'] {
  const { cancellation_requested_at: requestedAt, cancelled_at: cancelledAt, cancellation_reason: reason } = row;
  if (requestedAt === null && cancelledAt === null) return null;
  return { requestedAt: requestedAt?.toISOString() ?? null, cancelledAt: cancelledAt?.toISOString() ?? null, reason };
}
