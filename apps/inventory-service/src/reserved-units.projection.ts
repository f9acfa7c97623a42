import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { EventOn } from '@orderstream/contracts';
import type { DeliveredEvent, EventBatch } from '@orderstream/messaging';
import { Projections, type Transaction } from '@orderstream/postgres';
import { STOCK_RESERVED_UNITS } from './consumers.ts';

type InventoryFact = DeliveredEvent<EventOn<'inventory'>>;

/** inventory -> reserved_units: units ever held per product. Additive, so an event applied twice would show. */
@Controller()
export class ReservedUnitsProjection {
  constructor(private readonly projections: Projections) {}

  @EventPattern('inventory', STOCK_RESERVED_UNITS)
  onInventory(@Payload() batch: EventBatch<EventOn<'inventory'>>): Promise<void> {
    return this.projections.project(batch, applyReservedUnits);
  }
}

export async function applyReservedUnits(tx: Transaction, facts: readonly InventoryFact[]): Promise<void> {
  const units = new Map<string, number>();
  for (const { event } of facts) {
    if (event.type !== 'StockReserved') continue;
    units.set(event.data.sku, (units.get(event.data.sku) ?? 0) + event.data.quantity);
  }
  if (units.size === 0) return;
  await tx.query(
    `INSERT INTO reserved_units (sku, units)
     SELECT sku, units FROM unnest($1::text[], $2::bigint[]) AS held (sku, units)
     ON CONFLICT (sku) DO UPDATE SET units = reserved_units.units + excluded.units`,
    [[...units.keys()], [...units.values()]],
  );
}
