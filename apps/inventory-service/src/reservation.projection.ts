import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { EventOf, EventOn, Line } from '@orderstream/contracts';
import { unreachable } from '@orderstream/event-sourcing';
import type { EventBatch } from '@orderstream/messaging';
import { Projections, StreamRows } from '@orderstream/postgres';
import { RESERVATION } from './consumers.ts';
import type { ReservationStatus } from './reservation.entity.ts';

/** inventory -> reservation: one row per order, as its reservation stands. */
@Controller()
export class ReservationProjection {
  constructor(private readonly projections: Projections) {}

  @EventPattern('inventory', RESERVATION)
  onInventory(@Payload() batch: EventBatch<EventOn<'inventory'>>): Promise<void> {
    return this.projections.project(batch, reservationRows.apply);
  }
}

export const reservationRows = new StreamRows({
  table: 'reservation',
  category: 'reservation',
  key: { column: 'order_id', type: 'uuid' },
  columns: { status: 'text', lines: 'jsonb', short_skus: 'text[]', updated_at: 'timestamptz' },
  change: (event: EventOn<'inventory'>) => (isOfReservation(event) ? { key: event.data.orderId, values: said(event) } : null),
});

function isOfReservation(event: EventOn<'inventory'>): event is EventOf<'reservation'> {
  return !('sku' in event.data);
}

interface Said {
  readonly status: ReservationStatus;
  readonly lines: readonly Line[];
  readonly short_skus: readonly string[];
  readonly updated_at: string;
}

/** Every event says all of it. */
function said(event: EventOf<'reservation'>): Said {
  switch (event.type) {
    case 'ReservationConfirmed':
      return { status: 'confirmed', lines: event.data.lines, short_skus: [], updated_at: event.data.confirmedAt };
    case 'ReservationRejected':
      return { status: 'rejected', lines: [], short_skus: event.data.shortSkus, updated_at: event.data.rejectedAt };
    case 'ReservationReleased':
      return { status: 'released', lines: event.data.lines, short_skus: [], updated_at: event.data.releasedAt };
    case 'ReservationFulfilled':
      return { status: 'fulfilled', lines: event.data.lines, short_skus: [], updated_at: event.data.fulfilledAt };
    case 'ReservationReturned':
      return { status: 'returned', lines: event.data.lines, short_skus: [], updated_at: event.data.returnedAt };
    default:
      return unreachable(event);
  }
}
