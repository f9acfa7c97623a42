import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { EventOn } from '@orderstream/contracts';
import type { DeliveredEvent, EventBatch } from '@orderstream/messaging';
import { Projections, type Transaction } from '@orderstream/postgres';
import { ORDER_DEMAND } from './consumers.ts';

type OrderFact = DeliveredEvent<EventOn<'orders'>>;

/** orders -> order_demand: units ordered per product and day. Additive, so an event applied twice would show. */
@Controller()
export class OrderDemandProjection {
  constructor(private readonly projections: Projections) {}

  @EventPattern('orders', ORDER_DEMAND)
  onOrders(@Payload() batch: EventBatch<EventOn<'orders'>>): Promise<void> {
    return this.projections.project(batch, applyOrderDemand);
  }
}

export async function applyOrderDemand(tx: Transaction, facts: readonly OrderFact[]): Promise<void> {
  const demand = demandOf(facts);
  if (demand.length === 0) return;
  await tx.query(
    `INSERT INTO order_demand (sku, day, units)
     SELECT sku, day, units FROM unnest($1::text[], $2::date[], $3::bigint[]) AS ordered (sku, day, units)
     ON CONFLICT (sku, day) DO UPDATE SET units = order_demand.units + excluded.units`,
    [demand.map((each) => each.sku), demand.map((each) => each.day), demand.map((each) => each.units)],
  );
}

interface Demand {
  readonly sku: string;
  readonly day: string;
  readonly units: number;
}

/** Sorted, so that the transactions of two partitions lock the rows that they share in the same order. */
export function demandOf(facts: readonly OrderFact[]): Demand[] {
  const units = new Map<string, Demand>();
  for (const { event } of facts) {
    if (event.type !== 'OrderPlaced') continue;
    const day = event.data.placedAt.slice(0, 10);
    for (const { sku, quantity } of event.data.lines) {
      const key = `${sku} ${day}`;
      units.set(key, { sku, day, units: (units.get(key)?.units ?? 0) + quantity });
    }
  }
  return [...units].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, demand]) => demand);
}
