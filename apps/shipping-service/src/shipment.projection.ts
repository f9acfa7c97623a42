import type { Line } from '@orderstream/contracts';
import { column, nullable, projectionOf, type RowOfTable, StreamRows } from '@orderstream/postgres';
import type { ShipmentState } from './domain/shipment.decider.ts';

type ShipmentStatus = Exclude<ShipmentState['status'], 'none'>;

/** One row per order, as its shipment stands. */
export const shipment = new StreamRows({
  table: 'shipment',
  category: 'shipment',
  key: { order_id: column('uuid') },
  columns: {
    status: column<ShipmentStatus>('text'),
    customer_id: column('uuid'),
    lines: column<readonly Line[]>('jsonb'),
    /** Sealed: it is opened for each reader, so that erasing the customer's key erases it here too. */
    recipient: column('text'),
    carrier: nullable('text'),
    tracking_number: nullable('text'),
    cancellation_reason: nullable('text'),
    scheduled_at: column('timestamptz'),
    dispatched_at: nullable('timestamptz'),
    recalled_at: nullable('timestamptz'),
    delivered_at: nullable('timestamptz'),
    returned_at: nullable('timestamptz'),
    cancelled_at: nullable('timestamptz'),
  },
  change: {
    ShipmentScheduled: ({ customerId, lines, recipient, scheduledAt }) => ({
      status: 'scheduled',
      customer_id: customerId,
      lines,
      recipient,
      scheduled_at: scheduledAt,
    }),
    ShipmentDispatched: ({ carrier, trackingNumber, dispatchedAt }) => ({
      status: 'dispatched',
      carrier,
      tracking_number: trackingNumber,
      dispatched_at: dispatchedAt,
    }),
    ShipmentRecalled: ({ recalledAt }) => ({ status: 'recalled', recalled_at: recalledAt }),
    ShipmentDelivered: ({ deliveredAt }) => ({ status: 'delivered', delivered_at: deliveredAt }),
    ShipmentReturned: ({ returnedAt }) => ({ status: 'returned', returned_at: returnedAt }),
    ShipmentCancelled: ({ reason, cancelledAt }) => ({ status: 'cancelled', cancellation_reason: reason, cancelled_at: cancelledAt }),
  },
});

export type ShipmentRow = RowOfTable<typeof shipment>;

export const shipmentProjection = projectionOf('shipment', shipment);
