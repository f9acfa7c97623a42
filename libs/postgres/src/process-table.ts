import type { ClaimedTask, NewTask, ProcessTable, Room, Work } from '@orderstream/messaging';
import type { Database, Transaction } from './database.ts';
import { storable } from './parking-table.ts';

/**
 * A worker that is silent for this long is taken for dead, and its rows are claimed again. One that was only slow
 * does no harm: whatever it still does under the same key has been done already.
 */
const LEASE_MS = 10_000;

interface Row<Of> {
  readonly key: string;
  readonly work: Of;
  readonly cause_id: string;
  readonly correlation_id: string;
  readonly traceparent: string | null;
  readonly attempts: number;
  readonly is_repeated: boolean;
  readonly is_overdue: boolean;
  readonly awaited_by: string[];
}

/**
 * Of the due rows those that are tried for the first time, or that a later step now waits for. Worded like the
 * condition of the tables' index `_due_first`: otherwise Postgres does not use the index.
 */
const IS_FIRST = '(attempts = 0 OR is_hurried)';
/** How much of an error is kept; the log has all of it. */
const LONGEST_ERROR = 1_000;

/**
 * A process table in a service's own database. Rows stay when they are done: a step that comes months later waits
 * for the one before it, and an event that is heard again must find its work there. So rows are a part of what a
 * process costs; the indexes hold only open ones, and claiming never gets slower. The service's migration makes the
 * table.
 */
export class PostgresProcessTable<Of extends Work> implements ProcessTable<Of> {
  readonly #database: Database;
  readonly #table: string;
  readonly #keyColumn: string;

  constructor(database: Database, table: string, keyColumn: string) {
    this.#database = database;
    this.#table = table;
    this.#keyColumn = keyColumn;
  }

  /** Only Postgres' own clock is used, here and wherever rows are written: the services' clocks may differ by hours. */
  async claim({ first, repeated }: Room, { overdueToo }: { readonly overdueToo: boolean }): Promise<ClaimedTask<Of>[]> {
    const key = this.#keyColumn;
    const due = (which: string, limit: string): string => `
      SELECT ${key}, step FROM ${this.#table} AS candidate
      WHERE state = 'pending' AND next_attempt_at <= now() AND (leased_until IS NULL OR leased_until <= now()) AND ${which}
        AND ($4 OR deadline_at IS NULL OR deadline_at > now())
        AND (after_step IS NULL OR EXISTS (
          SELECT FROM ${this.#table} AS earlier
          WHERE earlier.${key} = candidate.${key} AND earlier.step = candidate.after_step AND earlier.state = 'done'))
      ORDER BY next_attempt_at LIMIT ${limit}
      FOR UPDATE OF candidate SKIP LOCKED`;
    const rows = await this.#database.query<Row<Of>>(
      `WITH first AS (${due(IS_FIRST, '$1')}), repeated AS (${due(`NOT ${IS_FIRST}`, '$2')}), claimed AS (
         UPDATE ${this.#table} AS claimed
         SET attempts = claimed.attempts + 1, leased_until = now() + $3 * interval '1 ms', is_hurried = false, updated_at = now(),
             deadline_at = CASE claimed.attempts WHEN 0 THEN now() + (claimed.deadline_at - claimed.next_attempt_at)
                                ELSE claimed.deadline_at END
         FROM (SELECT *, false AS is_repeated FROM first UNION ALL SELECT *, true FROM repeated) AS due
         WHERE claimed.${key} = due.${key} AND claimed.step = due.step
         RETURNING claimed.*, due.is_repeated
       )
       SELECT ${key} AS key, work, cause_id, correlation_id, traceparent, attempts, is_repeated,
              COALESCE(deadline_at <= now(), false) AS is_overdue,
              ARRAY(SELECT step FROM ${this.#table} AS later
                    WHERE later.${key} = claimed.${key} AND later.after_step = claimed.step
                      AND later.state = 'pending') AS awaited_by
       FROM claimed`,
      [first, repeated, LEASE_MS, overdueToo],
    );
    return rows.map((row) => ({
      key: row.key,
      work: row.work,
      cause: { id: row.cause_id, correlationId: row.correlation_id, traceparent: row.traceparent ?? undefined },
      attempts: row.attempts,
      isRepeated: row.is_repeated,
      isOverdue: row.is_overdue,
      awaitedBy: row.awaited_by,
    }));
  }

  async finish({ key, work }: ClaimedTask<Of>): Promise<void> {
    await this.#database.query(
      `UPDATE ${this.#table} SET state = 'done', last_error = NULL, updated_at = now() WHERE ${this.#keyColumn} = $1 AND step = $2`,
      [key, work.step],
    );
  }

  /**
   * Only the attempt that was claimed last may do this: a worker that lost its lease must not shorten the next
   * one's. The backoff ends at a deadline that lies ahead; there is none when a later step came meanwhile.
   */
  async postpone({ key, work, attempts }: ClaimedTask<Of>, forMs: number, error: string): Promise<void> {
    await this.#database.query(
      `UPDATE ${this.#table} SET last_error = $5, updated_at = now(), leased_until = NULL,
         next_attempt_at = CASE WHEN is_hurried THEN now()
           ELSE LEAST(now() + $4 * interval '1 ms', CASE WHEN deadline_at > now() THEN deadline_at END) END
       WHERE ${this.#keyColumn} = $1 AND step = $2 AND attempts = $3 AND state = 'pending'`,
      [key, work.step, attempts, Math.round(forMs), storable(error.slice(0, LONGEST_ERROR))],
    );
  }

  /**
   * In the transaction of the position. Rows that are there already stay as they are, done or not; but a step that has
   * failed is tried at once when another comes that waits for it, because that may be what ends it.
   */
  async add(transaction: Transaction, tasks: readonly NewTask<Of>[]): Promise<void> {
    if (tasks.length === 0) return;
    const key = this.#keyColumn;
    await transaction.query(
      `WITH added AS (
       INSERT INTO ${this.#table}
         (${key}, step, work, after_step, next_attempt_at, deadline_at, cause_id, correlation_id, traceparent)
       SELECT key, step, work, after_step, now() + due_after * interval '1 ms', now() + (due_after + deadline_after) * interval '1 ms',
              cause_id, correlation_id, traceparent
       FROM unnest($1::uuid[], $2::text[], $3::jsonb[], $4::text[], $5::float8[], $6::float8[], $7::uuid[], $8::text[], $9::text[])
         AS task (key, step, work, after_step, due_after, deadline_after, cause_id, correlation_id, traceparent)
       ON CONFLICT (${key}, step) DO NOTHING RETURNING ${key}, after_step
       )
       UPDATE ${this.#table} AS earlier SET is_hurried = true, next_attempt_at = now()
       FROM added WHERE earlier.${key} = added.${key} AND earlier.step = added.after_step
         AND earlier.state = 'pending' AND earlier.attempts > 0`,
      [
        tasks.map((task) => task.key),
        tasks.map((task) => task.work.step),
        tasks.map((task) => JSON.stringify(task.work)),
        tasks.map((task) => task.after),
        tasks.map((task) => task.dueAfterMs),
        tasks.map((task) => task.deadlineAfterMs),
        tasks.map((task) => task.cause.id),
        tasks.map((task) => task.cause.correlationId),
        tasks.map((task) => task.cause.traceparent ?? null),
      ],
    );
  }

  /** In the transaction of the position: these need not be done any more. */
  async close(transaction: Transaction, tasks: readonly { readonly key: string; readonly step: Of['step'] }[]): Promise<void> {
    if (tasks.length === 0) return;
    await transaction.query(
      `UPDATE ${this.#table} AS task SET state = 'done', updated_at = now()
       FROM unnest($1::uuid[], $2::text[]) AS closed (key, step)
       WHERE task.${this.#keyColumn} = closed.key AND task.step = closed.step AND task.state = 'pending'`,
      [tasks.map(({ key }) => key), tasks.map(({ step }) => step)],
    );
  }
}
