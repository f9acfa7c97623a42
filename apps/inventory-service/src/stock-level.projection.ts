import { Controller, Logger } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { EventOf, EventOn } from '@orderstream/contracts';
import { unreachable } from '@orderstream/event-sourcing';
import type { EventBatch } from '@orderstream/messaging';
import { Projections, StreamRows } from '@orderstream/postgres';
import { STOCK_LEVEL } from './consumers.ts';

/** From then on it takes noticeably longer to read a product's stock, which every reservation and receipt does. */
const LONG_STREAM = 10_000;

/** inventory -> stock_level: one row per product, what is on hand and what of it is held. */
@Controller()
export class StockLevelProjection {
  readonly #logger = new Logger('stock-level');

  constructor(private readonly projections: Projections) {}

  @EventPattern('inventory', STOCK_LEVEL)
  async onInventory(@Payload() batch: EventBatch<EventOn<'inventory'>>): Promise<void> {
    await this.projections.project(batch, stockLevelRows.apply);
    for (const { decoded } of batch.records) {
      if (decoded?.revision !== LONG_STREAM || !isOfStock(decoded.event)) continue;
      this.#logger.warn(`${decoded.stream} has ${LONG_STREAM} events and is read from its beginning each time: orders for it become slow`);
    }
  }
}

export const stockLevelRows = new StreamRows({
  table: 'stock_level',
  category: 'stock',
  key: { column: 'sku', type: 'text' },
  columns: { on_hand: 'bigint', reserved: 'bigint', updated_at: 'timestamptz' },
  adding: ['on_hand', 'reserved'],
  change: (event: EventOn<'inventory'>) => (isOfStock(event) ? { key: event.data.sku, values: added(event) } : null),
});

function isOfStock(event: EventOn<'inventory'>): event is EventOf<'stock'> {
  return 'sku' in event.data;
}

interface Added {
  readonly on_hand: number;
  readonly reserved: number;
  readonly updated_at: string;
}

function added(event: EventOf<'stock'>): Added {
  const { quantity } = event.data;
  switch (event.type) {
    case 'StockReceived':
      return { on_hand: quantity, reserved: 0, updated_at: event.data.receivedAt };
    case 'StockReserved':
      return { on_hand: 0, reserved: quantity, updated_at: event.data.reservedAt };
    case 'StockRefused':
      return { on_hand: 0, reserved: 0, updated_at: event.data.refusedAt };
    case 'StockReleased':
      return { on_hand: 0, reserved: -quantity, updated_at: event.data.releasedAt };
    case 'StockIssued':
      return { on_hand: -quantity, reserved: -quantity, updated_at: event.data.issuedAt };
    case 'StockReturned':
      return { on_hand: quantity, reserved: 0, updated_at: event.data.returnedAt };
    default:
      return unreachable(event);
  }
}
