import { Logger } from '@nestjs/common';
import type { DeliveredEvent } from '@orderstream/messaging';
import { column, type Projection, projectionOf, type RowOfTable, StreamRows } from '@orderstream/postgres';

/** One row per product: what is in the warehouse, and what of it is held. */
export const stockLevel = new StreamRows({
  table: 'stock_level',
  category: 'stock',
  key: { sku: column('text') },
  columns: {
    on_hand: column('bigint'),
    /** Of what is on hand, the units that open orders hold. */
    reserved: column('bigint'),
    updated_at: column('timestamptz'),
  },
  adding: ['on_hand', 'reserved'],
  change: {
    StockReceived: ({ quantity, receivedAt }) => ({ on_hand: quantity, reserved: 0, updated_at: receivedAt }),
    StockReserved: ({ quantity, reservedAt }) => ({ on_hand: 0, reserved: quantity, updated_at: reservedAt }),
    StockRefused: ({ refusedAt }) => ({ on_hand: 0, reserved: 0, updated_at: refusedAt }),
    StockReleased: ({ quantity, releasedAt }) => ({ on_hand: 0, reserved: -quantity, updated_at: releasedAt }),
    StockIssued: ({ quantity, issuedAt }) => ({ on_hand: -quantity, reserved: -quantity, updated_at: issuedAt }),
    StockReturned: ({ quantity, returnedAt }) => ({ on_hand: quantity, reserved: 0, updated_at: returnedAt }),
  },
});

export type StockLevelRow = RowOfTable<typeof stockLevel>;

/** Beyond this many events, reading a product's stock takes noticeably longer, which every reservation and receipt does. */
const LONG_STREAM = 10_000;
const logger = new Logger('stock-level');

function tellLongStreams(events: readonly DeliveredEvent[]): void {
  for (const { stream, revision } of events) {
    if (revision !== LONG_STREAM || !stream.startsWith('stock-')) continue;
    logger.warn(`${stream} has ${LONG_STREAM} events and is read from its beginning each time: orders for it become slow`);
  }
}

export const stockLevelProjection: Projection = { ...projectionOf('stock-level', stockLevel), applied: tellLongStreams };
