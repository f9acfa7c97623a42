import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { EventOn, Line } from '@orderstream/contracts';
import { unreachable } from '@orderstream/event-sourcing';
import type { EventBatch } from '@orderstream/messaging';
import { Projections, StreamRows } from '@orderstream/postgres';
import { SHIPMENT } from './consumers.ts';
import type { ShipmentStatus } from './shipment.entity.ts';

/** shipments -> shipment: one row per order, as its shipment stands. */
@Controller()
export class ShipmentProjection {
  constructor(private readonly projections: Projections) {}

  @EventPattern('shipments', SHIPMENT)
  onShipments(@Payload() batch: EventBatch<EventOn<'shipments'>>): Promise<void> {
    return this.projections.project(batch, shipmentRows.apply);
  }
}

export const shipmentRows = new StreamRows({
  table: 'shipment',
  category: 'shipment',
  key: { column: 'order_id', type: 'uuid' },
  columns: {
    status: 'text',
    customer_id: 'uuid',
    lines: 'jsonb',
    recipient: 'text',
    carrier: 'text',
    tracking_number: 'text',
    cancellation_reason: 'text',
    scheduled_at: 'timestamptz',
    dispatched_at: 'timestamptz',
    recalled_at: 'timestamptz',
    delivered_at: 'timestamptz',
    returned_at: 'timestamptz',
    cancelled_at: 'timestamptz',
  },
  change: (event: EventOn<'shipments'>) => ({ key: event.data.orderId, values: said(event) }),
});

interface Said {
  readonly status: ShipmentStatus;
  readonly customer_id?: string;
  readonly lines?: readonly Line[];
  readonly recipient?: string;
  readonly carrier?: string;
  readonly tracking_number?: string;
  readonly cancellation_reason?: string;
  readonly scheduled_at?: string;
  readonly dispatched_at?: string;
  readonly recalled_at?: string;
  readonly delivered_at?: string;
  readonly returned_at?: string;
  readonly cancelled_at?: string;
}

function said(event: EventOn<'shipments'>): Said {
  switch (event.type) {
    case 'ShipmentScheduled': {
      const { customerId, lines, recipient, scheduledAt } = event.data;
      return { status: 'scheduled', customer_id: customerId, lines, recipient, scheduled_at: scheduledAt };
    }
    case 'ShipmentDispatched': {
      const { carrier, trackingNumber, dispatchedAt } = event.data;
      return { status: 'dispatched', carrier, tracking_number: trackingNumber, dispatched_at: dispatchedAt };
    }
    case 'ShipmentRecalled':
      return { status: 'recalled', recalled_at: event.data.recalledAt };
    case 'ShipmentDelivered':
      return { status: 'delivered', delivered_at: event.data.deliveredAt };
    case 'ShipmentReturned':
      return { status: 'returned', returned_at: event.data.returnedAt };
    case 'ShipmentCancelled':
      return { status: 'cancelled', cancellation_reason: event.data.reason, cancelled_at: event.data.cancelledAt };
    default:
      return unreachable(event);
  }
}
