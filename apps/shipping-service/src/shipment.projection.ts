import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { EventOn, ShipmentScheduled } from '@orderstream/contracts';
import type { DeliveredEvent, EventBatch } from '@orderstream/messaging';
import { Projections, type Transaction } from '@orderstream/postgres';
import { SHIPMENT } from './consumers.ts';
import type { ShipmentStatus } from './shipment.entity.ts';

type ShipmentFact = DeliveredEvent<EventOn<'shipments'>>;

/** shipments -> shipment: one row per order, as its shipment stands. */
@Controller()
export class ShipmentProjection {
  constructor(private readonly projections: Projections) {}

  @EventPattern('shipments', SHIPMENT)
  onShipments(@Payload() batch: EventBatch<EventOn<'shipments'>>): Promise<void> {
    return this.projections.project(batch, applyShipment);
  }
}

/** What a batch says about one shipment, from the revision that the row is at (-1: no row) to the one that it reaches. */
interface Change {
  readonly orderId: string;
  readonly since: number;
  readonly revision: number;
  readonly status: ShipmentStatus;
  readonly scheduled: ShipmentScheduled | null;
  readonly carrier: string | null;
  readonly trackingNumber: string | null;
  readonly dispatchedAt: string | null;
  readonly deliveredAt: string | null;
}

export async function applyShipment(tx: Transaction, facts: readonly ShipmentFact[]): Promise<void> {
  const changes = changesOf(facts);
  if (changes.length === 0) return;
  const [written] = await tx.query<{ rows: number }>(
    `WITH written AS (
       INSERT INTO shipment (order_id, revision, status, customer_id, lines, recipient, scheduled_at,
                             carrier, tracking_number, dispatched_at, delivered_at)
       SELECT change.order_id, change.revision, change.status,
              COALESCE(change.customer_id, known.customer_id), COALESCE(change.lines, known.lines),
              COALESCE(change.recipient, known.recipient), COALESCE(change.scheduled_at, known.scheduled_at),
              COALESCE(change.carrier, known.carrier), COALESCE(change.tracking_number, known.tracking_number),
              COALESCE(change.dispatched_at, known.dispatched_at), COALESCE(change.delivered_at, known.delivered_at)
       FROM unnest($1::uuid[], $2::int[], $3::int[], $4::text[], $5::uuid[], $6::jsonb[], $7::text[], $8::timestamptz[],
                   $9::text[], $10::text[], $11::timestamptz[], $12::timestamptz[])
         AS change (order_id, since, revision, status, customer_id, lines, recipient, scheduled_at,
                    carrier, tracking_number, dispatched_at, delivered_at)
       LEFT JOIN shipment AS known ON known.order_id = change.order_id
       WHERE COALESCE(known.revision, -1) = change.since
       ON CONFLICT (order_id) DO UPDATE
       SET revision = excluded.revision, status = excluded.status, carrier = excluded.carrier,
           tracking_number = excluded.tracking_number, dispatched_at = excluded.dispatched_at,
           delivered_at = excluded.delivered_at
       RETURNING 1
     )
     SELECT count(*)::int AS rows FROM written`,
    [
      changes.map((change) => change.orderId),
      changes.map((change) => change.since),
      changes.map((change) => change.revision),
      changes.map((change) => change.status),
      changes.map((change) => change.scheduled?.customerId ?? null),
      changes.map((change) => (change.scheduled === null ? null : JSON.stringify(change.scheduled.lines))),
      changes.map((change) => change.scheduled?.recipient ?? null),
      changes.map((change) => change.scheduled?.scheduledAt ?? null),
      changes.map((change) => change.carrier),
      changes.map((change) => change.trackingNumber),
      changes.map((change) => change.dispatchedAt),
      changes.map((change) => change.deliveredAt),
    ],
  );
  if (written?.rows !== changes.length) throw new Error('a shipment is not at the revision before its next event');
}

function changesOf(facts: readonly ShipmentFact[]): Change[] {
  const byOrder = new Map<string, Change>();
  for (const { event, revision } of facts) {
    const { orderId } = event.data;
    const before = byOrder.get(orderId);
    byOrder.set(orderId, {
      scheduled: null,
      carrier: null,
      trackingNumber: null,
      dispatchedAt: null,
      deliveredAt: null,
      since: revision - 1,
      ...before,
      ...changed(event),
      orderId,
      revision,
    });
  }
  return [...byOrder.values()];
}

function changed(event: ShipmentFact['event']): Pick<Change, 'status'> & Partial<Change> {
  switch (event.type) {
    case 'ShipmentScheduled':
      return { status: 'scheduled', scheduled: event.data };
    case 'ShipmentDispatched': {
      const { carrier, trackingNumber, dispatchedAt } = event.data;
      return { status: 'dispatched', carrier, trackingNumber, dispatchedAt };
    }
    case 'ShipmentDelivered':
      return { status: 'delivered', deliveredAt: event.data.deliveredAt };
    default:
      return event satisfies never;
  }
}
