import { createHash, randomUUID } from 'node:crypto';
import { type EventNamed, type EventOf, streams, topics } from '@orderstream/contracts';
import type { StoredEvent } from '@orderstream/event-sourcing';
import { column, type Database, StreamRows } from '@orderstream/postgres';

export type Placed = EventNamed<'OrderPlaced'>;

export const TOPIC = 'bench';
/** As many as the topic of orders has. */
export const PARTITIONS = topics.orders.partitions;

/** The read model that both sides fill: a row per order. */
export const orderTable = `CREATE TABLE bench_order (
  order_id uuid PRIMARY KEY,
  revision int NOT NULL,
  customer_id uuid NOT NULL,
  lines jsonb NOT NULL,
  total_amount bigint NOT NULL,
  currency text NOT NULL,
  placed_at timestamptz NOT NULL
)`;

const others = Object.fromEntries(streams.order.events.map((type) => [type, () => ({})])) as Record<
  Exclude<EventOf<'order'>['type'], 'OrderPlaced'>,
  () => object
>;

export const orderRows = new StreamRows({
  table: 'bench_order',
  category: 'order',
  key: { order_id: column('uuid') },
  columns: {
    customer_id: column('uuid'),
    lines: column('jsonb'),
    total_amount: column('bigint'),
    currency: column('text'),
    placed_at: column('timestamptz'),
  },
  change: {
    ...others,
    OrderPlaced: ({ customerId, lines, total, placedAt }) => ({
      customer_id: customerId,
      lines,
      total_amount: total.amount,
      currency: total.currency,
      placed_at: placedAt,
    }),
  },
});

/** What one would write to handle one message at a time. The revision guards the row as it does in StreamRows. */
export const upsertOrder = `INSERT INTO bench_order (order_id, revision, customer_id, lines, total_amount, currency, placed_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7)
  ON CONFLICT (order_id) DO UPDATE SET revision = excluded.revision, customer_id = excluded.customer_id, lines = excluded.lines,
    total_amount = excluded.total_amount, currency = excluded.currency, placed_at = excluded.placed_at
  WHERE bench_order.revision = excluded.revision - 1`;

/** Orders of three lines, like the platform's own: about 370 bytes each in Avro. */
export function placedOrders(count: number): StoredEvent[] {
  return Array.from({ length: count }, (_, index): StoredEvent => {
    const orderId = randomUUID();
    const placedAt = new Date().toISOString();
    const lines = [1, 2, 3].map((quantity) => ({
      sku: `SKU-${(index * quantity) % 1_000}`,
      quantity,
      unitPrice: { amount: 500 + ((index * quantity) % 10_000), currency: 'EUR' },
    }));
    const total = { amount: lines.reduce((sum, { quantity, unitPrice }) => sum + quantity * unitPrice.amount, 0), currency: 'EUR' };
    const data = { orderId, customerId: randomUUID(), lines, total, paymentMethod: 'pm_card_ok', recipient: 'x'.repeat(160), placedAt };
    return {
      id: randomUUID(),
      stream: `order-${orderId}`,
      revision: 0,
      event: { type: 'OrderPlaced', data },
      metadata: { schemaVersion: 1, $correlationId: randomUUID(), $causationId: randomUUID() },
      recordedAt: placedAt,
    };
  });
}

/** What the table must hold in the end: a line per order, sorted by id. */
export function checksumOf(orders: readonly StoredEvent[]): string {
  const lines = orders.map(({ revision, event }) => {
    const { orderId, total, placedAt } = (event as Placed).data;
    return `${orderId} ${revision} ${total.amount} ${Date.parse(placedAt)}`;
  });
  return createHash('md5').update(lines.toSorted().join('\n')).digest('hex');
}

/** What the table holds, in the same form. */
export async function checksumIn(database: Database): Promise<{ rows: number; checksum: string | null }> {
  const [found] = await database.query<{ rows: number; checksum: string | null }>(
    `SELECT count(*)::int AS rows, md5(string_agg(line, E'\\n' ORDER BY line COLLATE "C")) AS checksum
     FROM (SELECT concat_ws(' ', order_id, revision, total_amount, round(extract(epoch FROM placed_at) * 1000)) AS line FROM bench_order) AS lines`,
  );
  return found!;
}
