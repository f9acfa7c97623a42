import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { EventOn } from '@orderstream/contracts';
import type { DeliveredEvent, EventBatch } from '@orderstream/messaging';
import { Projections, type Transaction } from '@orderstream/postgres';
import { ORDER_SUMMARY } from './consumers.ts';
import { changeOf, type OrderChange } from './order.view.ts';

type OrderFact = DeliveredEvent<EventOn<'orders'>>;

/** orders -> order_summary: one row per order, as it stands. */
@Controller()
export class OrderSummaryProjection {
  constructor(private readonly projections: Projections) {}

  @EventPattern('orders', ORDER_SUMMARY)
  onOrders(@Payload() batch: EventBatch<EventOn<'orders'>>): Promise<void> {
    return this.projections.project(batch, applyOrderSummary);
  }
}

/**
 * Two statements for the whole batch: the rows that begin in it, then what has become of all of them.
 * A row only moves on from the revision before, so a fact that is missing or comes twice is a fault.
 */
export async function applyOrderSummary(tx: Transaction, facts: readonly OrderFact[]): Promise<void> {
  await insertPlaced(tx, facts);
  await updateChanged(tx, facts);
}

async function insertPlaced(tx: Transaction, facts: readonly OrderFact[]): Promise<void> {
  const placed = facts.flatMap(({ event }) => (event.type === 'OrderPlaced' ? [event.data] : []));
  if (placed.length === 0) return;
  await tx.query(
    `INSERT INTO order_summary
       (order_id, revision, status, customer_id, lines, total_amount, currency, placed_at, updated_at)
     SELECT order_id, 0, 'placed', customer_id, lines, total_amount, currency, placed_at, placed_at
     FROM unnest($1::uuid[], $2::uuid[], $3::jsonb[], $4::bigint[], $5::text[], $6::timestamptz[])
       AS placed (order_id, customer_id, lines, total_amount, currency, placed_at)`,
    [
      placed.map((order) => order.orderId),
      placed.map((order) => order.customerId),
      placed.map((order) => JSON.stringify(order.lines)),
      placed.map((order) => order.total.amount),
      placed.map((order) => order.total.currency),
      placed.map((order) => order.placedAt),
    ],
  );
}

/** What a batch says about one order, from the revision that its row is at to the one that it reaches. */
interface Step extends OrderChange {
  readonly orderId: string;
  readonly since: number;
  readonly revision: number;
}

async function updateChanged(tx: Transaction, facts: readonly OrderFact[]): Promise<void> {
  const steps = stepsOf(facts);
  if (steps.length === 0) return;
  const [updated] = await tx.query<{ rows: number }>(
    `WITH updated AS (
       UPDATE order_summary AS summary
       SET revision = step.revision,
           status = step.status,
           updated_at = step.at,
           carrier = COALESCE(step.carrier, summary.carrier),
           tracking_number = COALESCE(step.tracking_number, summary.tracking_number),
           rejection_reason = step.reason,
           rejection_detail = step.detail
       FROM unnest($1::uuid[], $2::int[], $3::int[], $4::text[], $5::timestamptz[], $6::text[], $7::text[], $8::text[], $9::text[])
         AS step (order_id, since, revision, status, at, carrier, tracking_number, reason, detail)
       WHERE summary.order_id = step.order_id AND summary.revision = step.since
       RETURNING 1
     )
     SELECT count(*)::int AS rows FROM updated`,
    [
      steps.map((step) => step.orderId),
      steps.map((step) => step.since),
      steps.map((step) => step.revision),
      steps.map((step) => step.status),
      steps.map((step) => step.updatedAt),
      steps.map((step) => step.shipment?.carrier ?? null),
      steps.map((step) => step.shipment?.trackingNumber ?? null),
      steps.map((step) => step.rejection?.reason ?? null),
      steps.map((step) => step.rejection?.detail ?? null),
    ],
  );
  if (updated?.rows !== steps.length) throw new Error('an order is not at the revision before its next event');
}

function stepsOf(facts: readonly OrderFact[]): Step[] {
  const byOrder = new Map<string, Step>();
  for (const { event, revision } of facts) {
    if (event.type === 'OrderPlaced') continue;
    const { orderId } = event.data;
    const before = byOrder.get(orderId) ?? { since: revision - 1 };
    byOrder.set(orderId, { ...before, ...changeOf(event), orderId, revision });
  }
  return [...byOrder.values()];
}
