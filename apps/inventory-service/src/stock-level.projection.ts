import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { EventOf, EventOn } from '@orderstream/contracts';
import type { DeliveredEvent, EventBatch } from '@orderstream/messaging';
import { Projections, type Transaction } from '@orderstream/postgres';
import { STOCK_LEVEL } from './consumers.ts';

type InventoryFact = DeliveredEvent<EventOn<'inventory'>>;

/** inventory -> stock_level: one row per product, what is on hand and what of it is held. */
@Controller()
export class StockLevelProjection {
  constructor(private readonly projections: Projections) {}

  @EventPattern('inventory', STOCK_LEVEL)
  onInventory(@Payload() batch: EventBatch<EventOn<'inventory'>>): Promise<void> {
    return this.projections.project(batch, applyStockLevel);
  }
}

/** What a batch adds to one product's row, from the revision that it is at (-1: no row) to the one that it reaches. */
interface Change {
  readonly sku: string;
  readonly since: number;
  readonly revision: number;
  readonly onHand: number;
  readonly reserved: number;
  readonly at: string;
}

export async function applyStockLevel(tx: Transaction, facts: readonly InventoryFact[]): Promise<void> {
  const changes = changesOf(facts);
  if (changes.length === 0) return;
  const [written] = await tx.query<{ rows: number }>(
    `WITH written AS (
       INSERT INTO stock_level (sku, revision, on_hand, reserved, updated_at)
       SELECT change.sku, change.revision, COALESCE(known.on_hand, 0) + change.on_hand,
              COALESCE(known.reserved, 0) + change.reserved, change.at
       FROM unnest($1::text[], $2::int[], $3::int[], $4::bigint[], $5::bigint[], $6::timestamptz[])
         AS change (sku, since, revision, on_hand, reserved, at)
       LEFT JOIN stock_level AS known ON known.sku = change.sku
       WHERE COALESCE(known.revision, -1) = change.since
       ON CONFLICT (sku) DO UPDATE
       SET revision = excluded.revision, on_hand = excluded.on_hand, reserved = excluded.reserved, updated_at = excluded.updated_at
       RETURNING 1
     )
     SELECT count(*)::int AS rows FROM written`,
    [
      changes.map((change) => change.sku),
      changes.map((change) => change.since),
      changes.map((change) => change.revision),
      changes.map((change) => change.onHand),
      changes.map((change) => change.reserved),
      changes.map((change) => change.at),
    ],
  );
  if (written?.rows !== changes.length) throw new Error('a stock level is not at the revision before its next event');
}

function changesOf(facts: readonly InventoryFact[]): Change[] {
  const bySku = new Map<string, Change>();
  for (const { event, revision } of facts) {
    if (!isOfStock(event)) continue;
    const { sku } = event.data;
    const before = bySku.get(sku) ?? { since: revision - 1, onHand: 0, reserved: 0 };
    const { onHand, reserved, at } = added(event);
    bySku.set(sku, { sku, since: before.since, revision, onHand: before.onHand + onHand, reserved: before.reserved + reserved, at });
  }
  return [...bySku.values()];
}

function isOfStock(event: InventoryFact['event']): event is EventOf<'stock'> {
  return 'sku' in event.data;
}

function added(event: EventOf<'stock'>): Pick<Change, 'onHand' | 'reserved' | 'at'> {
  const { quantity } = event.data;
  switch (event.type) {
    case 'StockReceived':
      return { onHand: quantity, reserved: 0, at: event.data.receivedAt };
    case 'StockReserved':
      return { onHand: 0, reserved: quantity, at: event.data.reservedAt };
    case 'StockRefused':
      return { onHand: 0, reserved: 0, at: event.data.refusedAt };
    case 'StockReleased':
      return { onHand: 0, reserved: -quantity, at: event.data.releasedAt };
    case 'StockIssued':
      return { onHand: -quantity, reserved: -quantity, at: event.data.issuedAt };
    default:
      return event satisfies never;
  }
}
