import type { ClaimedTask, NewTask, ProcessTable, Work } from '@orderstream/messaging';
import type { Database, Transaction } from './database.ts';

/**
 * A worker that says nothing for so long is taken for dead, and its rows are claimed again. One that
 * was only slow does no harm: whatever it still does under the same key has been done already.
 */
const LEASE_MS = 10_000;

interface Row<Of> {
  readonly order_id: string;
  readonly work: Of;
  readonly cause_id: string;
  readonly correlation_id: string;
  readonly traceparent: string | null;
  readonly attempts: number;
  readonly is_overdue: boolean;
  readonly awaited_by: string[];
}

/** For a migration: the table of one process, and the index by which its work is found. */
export function processTableSql(table: string): string {
  return `
    CREATE TABLE ${table} (
      order_id uuid NOT NULL,
      step text NOT NULL,
      work jsonb NOT NULL,
      after_step text,
      cause_id uuid NOT NULL,
      correlation_id text NOT NULL,
      traceparent text,
      state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'done')),
      attempts int NOT NULL DEFAULT 0,
      next_attempt_at timestamptz NOT NULL DEFAULT now(),
      deadline_at timestamptz,
      last_error text,
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (order_id, step)
    );
    CREATE INDEX ${table}_due ON ${table} (next_attempt_at) WHERE state = 'pending';`;
}

/** A process table in a service's own database. */
export class PostgresProcessTable<Of extends Work> implements ProcessTable<Of> {
  readonly #database: Database;
  readonly #table: string;

  constructor(database: Database, table: string) {
    this.#database = database;
    this.#table = table;
  }

  async claim(most: number, { overdueToo }: { readonly overdueToo: boolean }): Promise<ClaimedTask<Of>[]> {
    const rows = await this.#database.query<Row<Of>>(
      `WITH due AS (
         SELECT order_id, step FROM ${this.#table} AS candidate
         WHERE state = 'pending' AND next_attempt_at <= now()
           AND ($3 OR deadline_at IS NULL OR deadline_at > now())
           AND (after_step IS NULL OR EXISTS (
             SELECT FROM ${this.#table} AS earlier
             WHERE earlier.order_id = candidate.order_id AND earlier.step = candidate.after_step
               AND earlier.state = 'done'))
         ORDER BY next_attempt_at LIMIT $1
         FOR UPDATE OF candidate SKIP LOCKED
       ), claimed AS (
         UPDATE ${this.#table} AS claimed
         SET attempts = claimed.attempts + 1, next_attempt_at = now() + $2 * interval '1 ms', updated_at = now()
         FROM due WHERE claimed.order_id = due.order_id AND claimed.step = due.step
         RETURNING claimed.*
       )
       SELECT order_id, work, cause_id, correlation_id, traceparent, attempts,
              COALESCE(deadline_at <= now(), false) AS is_overdue,
              ARRAY(SELECT step FROM ${this.#table} AS later
                    WHERE later.order_id = claimed.order_id AND later.after_step = claimed.step
                      AND later.state = 'pending') AS awaited_by
       FROM claimed`,
      [most, LEASE_MS, overdueToo],
    );
    return rows.map((row) => ({
      orderId: row.order_id,
      work: row.work,
      cause: { id: row.cause_id, correlationId: row.correlation_id, traceparent: row.traceparent ?? undefined },
      attempts: row.attempts,
      isOverdue: row.is_overdue,
      awaitedBy: row.awaited_by,
    }));
  }

  async finish({ orderId, work }: ClaimedTask<Of>): Promise<void> {
    await this.#database.query(
      `UPDATE ${this.#table} SET state = 'done', last_error = NULL, updated_at = now() WHERE order_id = $1 AND step = $2`,
      [orderId, work.step],
    );
  }

  /**
   * Only the attempt that was claimed last may: a worker that lost its lease must not shorten that of the next one.
   * A deadline that lies ahead is not slept through.
   */
  async postpone({ orderId, work, attempts }: ClaimedTask<Of>, forMs: number, error: string): Promise<void> {
    await this.#database.query(
      `UPDATE ${this.#table} SET last_error = $5, updated_at = now(),
         next_attempt_at = LEAST(now() + $4 * interval '1 ms', CASE WHEN deadline_at > now() THEN deadline_at END)
       WHERE order_id = $1 AND step = $2 AND attempts = $3 AND state = 'pending'`,
      [orderId, work.step, attempts, Math.round(forMs), error],
    );
  }

  /** In the transaction of the position. Rows that are there already stay as they are, done or not. */
  async add(transaction: Transaction, tasks: readonly NewTask<Of>[]): Promise<void> {
    if (tasks.length === 0) return;
    await transaction.query(
      `INSERT INTO ${this.#table}
         (order_id, step, work, after_step, next_attempt_at, deadline_at, cause_id, correlation_id, traceparent)
       SELECT order_id, step, work, after_step, COALESCE(due_at, now()), deadline_at, cause_id, correlation_id, traceparent
       FROM unnest($1::uuid[], $2::text[], $3::jsonb[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::uuid[], $8::text[], $9::text[])
         AS task (order_id, step, work, after_step, due_at, deadline_at, cause_id, correlation_id, traceparent)
       ON CONFLICT (order_id, step) DO NOTHING`,
      [
        tasks.map((task) => task.orderId),
        tasks.map((task) => task.work.step),
        tasks.map((task) => JSON.stringify(task.work)),
        tasks.map((task) => task.after),
        tasks.map((task) => task.dueAt),
        tasks.map((task) => task.deadlineAt),
        tasks.map((task) => task.cause.id),
        tasks.map((task) => task.cause.correlationId),
        tasks.map((task) => task.cause.traceparent ?? null),
      ],
    );
  }

  /** In the transaction of the position: these need not be done any more. */
  async close(transaction: Transaction, tasks: readonly { readonly orderId: string; readonly step: Of['step'] }[]): Promise<void> {
    if (tasks.length === 0) return;
    await transaction.query(
      `UPDATE ${this.#table} AS task SET state = 'done', updated_at = now()
       FROM unnest($1::uuid[], $2::text[]) AS closed (order_id, step)
       WHERE task.order_id = closed.order_id AND task.step = closed.step AND task.state = 'pending'`,
      [tasks.map(({ orderId }) => orderId), tasks.map(({ step }) => step)],
    );
  }
}
