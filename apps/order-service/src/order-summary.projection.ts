import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { EventOn } from '@orderstream/contracts';
import { unreachable } from '@orderstream/event-sourcing';
import type { EventBatch } from '@orderstream/messaging';
import { Projections, type RowValues, StreamRows } from '@orderstream/postgres';
import { ORDER_SUMMARY } from './consumers.ts';
import type { PaymentStatus, ShipmentStatus } from './order.api.ts';
import { changeOf } from './order.view.ts';

/**
 * orders, payments, shipments -> order_summary, order_payment, order_shipment: an order as it stands.
 * Topics have no order between each other, so each has a table of its own, with its own stream's revision.
 */
@Controller()
export class OrderSummaryProjection {
  constructor(private readonly projections: Projections) {}

  @EventPattern('orders', ORDER_SUMMARY)
  onOrders(@Payload() batch: EventBatch<EventOn<'orders'>>): Promise<void> {
    return this.projections.project(batch, orderSummaryRows.apply);
  }

  @EventPattern('payments', ORDER_SUMMARY)
  onPayments(@Payload() batch: EventBatch<EventOn<'payments'>>): Promise<void> {
    return this.projections.project(batch, orderPaymentRows.apply);
  }

  @EventPattern('shipments', ORDER_SUMMARY)
  onShipments(@Payload() batch: EventBatch<EventOn<'shipments'>>): Promise<void> {
    return this.projections.project(batch, orderShipmentRows.apply);
  }
}

const key = { column: 'order_id', type: 'uuid' } as const;

const summaryColumns = {
  status: 'text',
  customer_id: 'uuid',
  lines: 'jsonb',
  total_amount: 'bigint',
  currency: 'text',
  placed_at: 'timestamptz',
  updated_at: 'timestamptz',
  carrier: 'text',
  tracking_number: 'text',
  rejection_reason: 'text',
  rejection_detail: 'text',
  cancellation_requested_at: 'timestamptz',
  cancelled_at: 'timestamptz',
  cancellation_reason: 'text',
} as const;

export const orderSummaryRows = new StreamRows({
  table: 'order_summary',
  category: 'order',
  key,
  columns: summaryColumns,
  change: (event: EventOn<'orders'>) => ({ key: event.data.orderId, values: summaryOf(event) }),
});

function summaryOf(event: EventOn<'orders'>): RowValues<keyof typeof summaryColumns>['values'] {
  if (event.type === 'OrderPlaced') {
    const { customerId, lines, total, placedAt } = event.data;
    return {
      status: 'placed',
      customer_id: customerId,
      lines,
      total_amount: total.amount,
      currency: total.currency,
      placed_at: placedAt,
      updated_at: placedAt,
    };
  }
  const { status, updatedAt, shipment, rejection, cancellation } = changeOf(event);
  return {
    status,
    updated_at: updatedAt,
    carrier: shipment?.carrier,
    tracking_number: shipment?.trackingNumber,
    rejection_reason: rejection?.reason,
    rejection_detail: rejection?.detail,
    cancellation_requested_at: cancellation?.requestedAt,
    cancelled_at: cancellation?.cancelledAt,
    cancellation_reason: cancellation?.reason,
  };
}

const statusColumns = { status: 'text', updated_at: 'timestamptz' } as const;

export const orderPaymentRows = new StreamRows({
  table: 'order_payment',
  category: 'payment',
  key,
  columns: statusColumns,
  change: (event: EventOn<'payments'>) => ({ key: event.data.orderId, values: paymentOf(event) }),
});

function paymentOf(event: EventOn<'payments'>): { status: PaymentStatus; updated_at: string } {
  switch (event.type) {
    case 'PaymentRequested':
      return { status: 'requested', updated_at: event.data.requestedAt };
    case 'PaymentAuthorised':
      return { status: 'authorised', updated_at: event.data.authorisedAt };
    case 'PaymentDeclined':
      return { status: 'declined', updated_at: event.data.declinedAt };
    case 'PaymentCaptured':
      return { status: 'captured', updated_at: event.data.capturedAt };
    case 'PaymentCaptureFailed':
      return { status: 'capture-failed', updated_at: event.data.failedAt };
    case 'PaymentVoided':
      return { status: 'voided', updated_at: event.data.voidedAt };
    case 'PaymentRefunded':
      return { status: 'refunded', updated_at: event.data.refundedAt };
    default:
      return unreachable(event);
  }
}

export const orderShipmentRows = new StreamRows({
  table: 'order_shipment',
  category: 'shipment',
  key,
  columns: statusColumns,
  change: (event: EventOn<'shipments'>) => ({ key: event.data.orderId, values: shipmentOf(event) }),
});

function shipmentOf(event: EventOn<'shipments'>): { status: ShipmentStatus; updated_at: string } {
  switch (event.type) {
    case 'ShipmentScheduled':
      return { status: 'scheduled', updated_at: event.data.scheduledAt };
    case 'ShipmentDispatched':
      return { status: 'dispatched', updated_at: event.data.dispatchedAt };
    case 'ShipmentDelivered':
      return { status: 'delivered', updated_at: event.data.deliveredAt };
    case 'ShipmentCancelled':
      return { status: 'cancelled', updated_at: event.data.cancelledAt };
    case 'ShipmentRecalled':
      return { status: 'recalled', updated_at: event.data.recalledAt };
    case 'ShipmentReturned':
      return { status: 'returned', updated_at: event.data.returnedAt };
    default:
      return unreachable(event);
  }
}
