import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { EventOn } from '@orderstream/contracts';
import type { DeliveredEvent, EventBatch } from '@orderstream/messaging';
import { Projections, type Transaction } from '@orderstream/postgres';
import { PAYMENT } from './consumers.ts';
import type { PaymentStatus } from './payment.entity.ts';

type PaymentFact = DeliveredEvent<EventOn<'payments'>>;

/** payments -> payment: one row per order, as its payment stands. */
@Controller()
export class PaymentProjection {
  constructor(private readonly projections: Projections) {}

  @EventPattern('payments', PAYMENT)
  onPayments(@Payload() batch: EventBatch<EventOn<'payments'>>): Promise<void> {
    return this.projections.project(batch, applyPayment);
  }
}

/** Two statements for the whole batch: the rows that begin in it, then what has become of all of them. */
export async function applyPayment(tx: Transaction, facts: readonly PaymentFact[]): Promise<void> {
  await insertRequested(tx, facts.filter((fact) => fact.revision === 0));
  await updateChanged(tx, facts.filter((fact) => fact.revision > 0));
}

async function insertRequested(tx: Transaction, facts: readonly PaymentFact[]): Promise<void> {
  if (facts.length === 0) return;
  const requested = facts.map(({ event, stream }) => {
    if (event.type !== 'PaymentRequested') throw new Error(`${stream} does not begin with a request`);
    return event.data;
  });
  await tx.query(
    `INSERT INTO payment (order_id, revision, status, customer_id, amount, currency, requested_at, updated_at)
     SELECT order_id, 0, 'requested', customer_id, amount, currency, requested_at, requested_at
     FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::text[], $5::timestamptz[])
       AS requested (order_id, customer_id, amount, currency, requested_at)`,
    [
      requested.map((payment) => payment.orderId),
      requested.map((payment) => payment.customerId),
      requested.map((payment) => payment.amount.amount),
      requested.map((payment) => payment.amount.currency),
      requested.map((payment) => payment.requestedAt),
    ],
  );
}

interface Change {
  readonly orderId: string;
  /** The revision before the change, and the one after. */
  readonly since: number;
  readonly revision: number;
  readonly status: PaymentStatus;
  readonly at: string;
  readonly authorisationId: string | null;
  readonly captureId: string | null;
  readonly reason: string | null;
}

/** A row only moves on from the revision before: a gap would mean that an event was lost. */
async function updateChanged(tx: Transaction, facts: readonly PaymentFact[]): Promise<void> {
  const changes = changesOf(facts);
  if (changes.length === 0) return;
  const [updated] = await tx.query<{ rows: number }>(
    `WITH updated AS (
       UPDATE payment
       SET revision = change.revision, status = change.status, updated_at = change.at,
           authorisation_id = coalesce(change.authorisation_id, payment.authorisation_id),
           capture_id = coalesce(change.capture_id, payment.capture_id),
           reason = coalesce(change.reason, payment.reason)
       FROM unnest($1::uuid[], $2::int[], $3::int[], $4::text[], $5::timestamptz[], $6::text[], $7::text[], $8::text[])
         AS change (order_id, since, revision, status, at, authorisation_id, capture_id, reason)
       WHERE payment.order_id = change.order_id AND payment.revision = change.since
       RETURNING 1
     )
     SELECT count(*)::int AS rows FROM updated`,
    [
      changes.map((change) => change.orderId),
      changes.map((change) => change.since),
      changes.map((change) => change.revision),
      changes.map((change) => change.status),
      changes.map((change) => change.at),
      changes.map((change) => change.authorisationId),
      changes.map((change) => change.captureId),
      changes.map((change) => change.reason),
    ],
  );
  if (updated?.rows !== changes.length) throw new Error('a payment is not at the revision before its next event');
}

const unchanged = { authorisationId: null, captureId: null, reason: null };

/** One change a payment, whatever it has gone through in this batch. */
function changesOf(facts: readonly PaymentFact[]): Change[] {
  const byOrder = new Map<string, Change>();
  for (const { event, revision } of facts) {
    const { orderId } = event.data;
    const before = byOrder.get(orderId) ?? { ...unchanged, since: revision - 1 };
    byOrder.set(orderId, { ...before, ...changed(event), orderId, revision });
  }
  return [...byOrder.values()];
}

function changed(event: PaymentFact['event']): Pick<Change, 'status' | 'at'> & Partial<Change> {
  switch (event.type) {
    case 'PaymentRequested':
      return { status: 'requested', at: event.data.requestedAt };
    case 'PaymentAuthorised':
      return { status: 'authorised', at: event.data.authorisedAt, authorisationId: event.data.authorisationId };
    case 'PaymentDeclined':
      return { status: 'declined', at: event.data.declinedAt, reason: event.data.reason };
    case 'PaymentCaptured':
      return { status: 'captured', at: event.data.capturedAt, captureId: event.data.captureId };
    case 'PaymentCaptureFailed':
      return { status: 'capture-failed', at: event.data.failedAt, reason: event.data.reason };
    default:
      return event satisfies never;
  }
}
