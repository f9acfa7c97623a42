import { Injectable } from '@nestjs/common';
import type { Money } from '@orderstream/contracts';
import { Database, type Transaction } from '@orderstream/postgres';

/** What the provider is to be asked for, and what with. */
export type PaymentWork =
  | { readonly step: 'authorise'; readonly customerId: string; readonly amount: Money; readonly paymentMethod: string }
  | { readonly step: 'capture' };

export interface NewAttempt {
  readonly orderId: string;
  readonly work: PaymentWork;
  /** The step of the same order that must be done first; null for the first one. */
  readonly after: PaymentWork['step'] | null;
  /** The event that asks for it. */
  readonly cause: { readonly id: string; readonly correlationId: string; readonly traceparent: string | undefined };
}

export interface ClaimedAttempt extends NewAttempt {
  /** This one included: from the second on, the outcome of an earlier one may be unknown. */
  readonly attempts: number;
}

/**
 * A worker that says nothing for so long is taken for dead, and its rows are claimed again. One that
 * was only slow does no harm: whatever it still does under the same key has been done already.
 */
const LEASE_MS = 10_000;

interface Row {
  readonly order_id: string;
  readonly work: PaymentWork;
  readonly after_step: PaymentWork['step'] | null;
  readonly cause_id: string;
  readonly correlation_id: string;
  readonly traceparent: string | null;
  readonly attempts: number;
}

/** The process table of payments: one row an order and step, pending until its outcome is in the log. */
@Injectable()
export class PaymentAttemptsTable {
  constructor(private readonly database: Database) {}

  /** Rows whose time has come and whose earlier step is done. Nobody else gets them while the lease lasts. */
  async claim(most: number): Promise<ClaimedAttempt[]> {
    const rows = await this.database.query<Row>(
      `WITH due AS (
         SELECT order_id, step FROM payment_attempt AS candidate
         WHERE state = 'pending' AND next_attempt_at <= now()
           AND (after_step IS NULL OR EXISTS (
             SELECT FROM payment_attempt AS earlier
             WHERE earlier.order_id = candidate.order_id AND earlier.step = candidate.after_step
               AND earlier.state = 'done'))
         ORDER BY next_attempt_at LIMIT $1
         FOR UPDATE OF candidate SKIP LOCKED
       ), claimed AS (
         UPDATE payment_attempt AS claimed
         SET attempts = claimed.attempts + 1, next_attempt_at = now() + $2 * interval '1 ms', updated_at = now()
         FROM due WHERE claimed.order_id = due.order_id AND claimed.step = due.step
         RETURNING claimed.*
       )
       SELECT order_id, work, after_step, cause_id, correlation_id, traceparent, attempts FROM claimed`,
      [most, LEASE_MS],
    );
    return rows.map((row) => ({
      orderId: row.order_id,
      work: row.work,
      after: row.after_step,
      cause: { id: row.cause_id, correlationId: row.correlation_id, traceparent: row.traceparent ?? undefined },
      attempts: row.attempts,
    }));
  }

  /** The outcome is in the log. */
  async finish({ orderId, work }: ClaimedAttempt): Promise<void> {
    await this.database.query(
      `UPDATE payment_attempt SET state = 'done', last_error = NULL, updated_at = now()
       WHERE order_id = $1 AND step = $2`,
      [orderId, work.step],
    );
  }

  /** Not done yet: again after a while. */
  async postpone({ orderId, work }: ClaimedAttempt, forMs: number, error: string): Promise<void> {
    await this.database.query(
      `UPDATE payment_attempt SET next_attempt_at = now() + $3 * interval '1 ms', last_error = $4, updated_at = now()
       WHERE order_id = $1 AND step = $2 AND state = 'pending'`,
      [orderId, work.step, Math.round(forMs), error],
    );
  }
}

/** Adds rows; those that are there already stay as they are, done or not. */
export async function addAttempts(tx: Transaction, attempts: readonly NewAttempt[]): Promise<void> {
  if (attempts.length === 0) return;
  await tx.query(
    `INSERT INTO payment_attempt (order_id, step, work, after_step, cause_id, correlation_id, traceparent)
     SELECT * FROM unnest($1::uuid[], $2::text[], $3::jsonb[], $4::text[], $5::uuid[], $6::text[], $7::text[])
     ON CONFLICT (order_id, step) DO NOTHING`,
    [
      attempts.map((attempt) => attempt.orderId),
      attempts.map((attempt) => attempt.work.step),
      attempts.map((attempt) => JSON.stringify(attempt.work)),
      attempts.map((attempt) => attempt.after),
      attempts.map((attempt) => attempt.cause.id),
      attempts.map((attempt) => attempt.cause.correlationId),
      attempts.map((attempt) => attempt.cause.traceparent ?? null),
    ],
  );
}
