import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { EventOf, EventOn, Line } from '@orderstream/contracts';
import type { DeliveredEvent, EventBatch } from '@orderstream/messaging';
import { Projections, type Transaction } from '@orderstream/postgres';
import { RESERVATION } from './consumers.ts';
import type { ReservationStatus } from './reservation.entity.ts';

type InventoryFact = DeliveredEvent<EventOn<'inventory'>>;

/** inventory -> reservation: one row per order, as its reservation stands. */
@Controller()
export class ReservationProjection {
  constructor(private readonly projections: Projections) {}

  @EventPattern('inventory', RESERVATION)
  onInventory(@Payload() batch: EventBatch<EventOn<'inventory'>>): Promise<void> {
    return this.projections.project(batch, applyReservation);
  }
}

/** Where a batch takes one order's row, from the revision that it is at (-1: no row). Every event says all of it. */
interface Change {
  readonly orderId: string;
  readonly since: number;
  readonly revision: number;
  readonly status: ReservationStatus;
  readonly lines: readonly Line[];
  readonly shortSkus: readonly string[];
  readonly at: string;
}

export async function applyReservation(tx: Transaction, facts: readonly InventoryFact[]): Promise<void> {
  const changes = changesOf(facts);
  if (changes.length === 0) return;
  const [written] = await tx.query<{ rows: number }>(
    `WITH written AS (
       INSERT INTO reservation (order_id, revision, status, lines, short_skus, updated_at)
       SELECT change.order_id, change.revision, change.status, change.lines,
              ARRAY(SELECT jsonb_array_elements_text(change.short_skus)), change.at
       FROM unnest($1::uuid[], $2::int[], $3::int[], $4::text[], $5::jsonb[], $6::jsonb[], $7::timestamptz[])
         AS change (order_id, since, revision, status, lines, short_skus, at)
       LEFT JOIN reservation AS known ON known.order_id = change.order_id
       WHERE COALESCE(known.revision, -1) = change.since
       ON CONFLICT (order_id) DO UPDATE
       SET revision = excluded.revision, status = excluded.status, lines = excluded.lines,
           short_skus = excluded.short_skus, updated_at = excluded.updated_at
       RETURNING 1
     )
     SELECT count(*)::int AS rows FROM written`,
    [
      changes.map((change) => change.orderId),
      changes.map((change) => change.since),
      changes.map((change) => change.revision),
      changes.map((change) => change.status),
      changes.map((change) => JSON.stringify(change.lines)),
      changes.map((change) => JSON.stringify(change.shortSkus)),
      changes.map((change) => change.at),
    ],
  );
  if (written?.rows !== changes.length) throw new Error('a reservation is not at the revision before its next event');
}

function changesOf(facts: readonly InventoryFact[]): Change[] {
  const byOrder = new Map<string, Change>();
  for (const { event, revision } of facts) {
    if (!isOfReservation(event)) continue;
    const { orderId } = event.data;
    const since = byOrder.get(orderId)?.since ?? revision - 1;
    byOrder.set(orderId, { lines: [], shortSkus: [], ...changed(event), orderId, since, revision });
  }
  return [...byOrder.values()];
}

function isOfReservation(event: InventoryFact['event']): event is EventOf<'reservation'> {
  return !('sku' in event.data);
}

function changed(event: EventOf<'reservation'>): Pick<Change, 'status' | 'at'> & Partial<Change> {
  switch (event.type) {
    case 'ReservationConfirmed':
      return { status: 'confirmed', lines: event.data.lines, at: event.data.confirmedAt };
    case 'ReservationRejected':
      return { status: 'rejected', shortSkus: event.data.shortSkus, at: event.data.rejectedAt };
    case 'ReservationReleased':
      return { status: 'released', lines: event.data.lines, at: event.data.releasedAt };
    case 'ReservationFulfilled':
      return { status: 'fulfilled', lines: event.data.lines, at: event.data.fulfilledAt };
    default:
      return event satisfies never;
  }
}
