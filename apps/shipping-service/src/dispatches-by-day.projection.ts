import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { EventOn } from '@orderstream/contracts';
import type { DeliveredEvent, EventBatch } from '@orderstream/messaging';
import { Projections, type Transaction } from '@orderstream/postgres';
import { DISPATCHES_BY_DAY } from './consumers.ts';

type ShipmentFact = DeliveredEvent<EventOn<'shipments'>>;

/** shipments -> dispatches_by_day: shipments that left per day. Additive, so an event applied twice would show. */
@Controller()
export class DispatchesByDayProjection {
  constructor(private readonly projections: Projections) {}

  @EventPattern('shipments', DISPATCHES_BY_DAY)
  onShipments(@Payload() batch: EventBatch<EventOn<'shipments'>>): Promise<void> {
    return this.projections.project(batch, applyDispatchesByDay);
  }
}

/** Days sorted, so that the transactions of two partitions lock the rows that they share in the same order. */
export async function applyDispatchesByDay(tx: Transaction, facts: readonly ShipmentFact[]): Promise<void> {
  const days = facts.flatMap(({ event }) => (event.type === 'ShipmentDispatched' ? [event.data.dispatchedAt.slice(0, 10)] : []));
  if (days.length === 0) return;
  await tx.query(
    `INSERT INTO dispatches_by_day (day, dispatches)
     SELECT day, count(*) FROM unnest($1::date[]) AS dispatched (day) GROUP BY day ORDER BY day
     ON CONFLICT (day) DO UPDATE SET dispatches = dispatches_by_day.dispatches + excluded.dispatches`,
    [days],
  );
}
