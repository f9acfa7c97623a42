import type { Database } from '@orderstream/postgres';
import { Gauge, type Metric } from 'prom-client';

/** What somebody should look at, counted in the tables so that a restart forgets nothing. */
export function paymentMetrics(database: Database): Metric[] {
  /** While Postgres is away the metric is absent: the last number would be wrong, and the other metrics must still be served. */
  const count = async (sql: string): Promise<{ readonly step?: string; readonly rows: number }[]> =>
    database.query<{ step?: string; rows: number }>(sql).catch(() => []);

  return [
    new Gauge({
      name: 'orderstream_payment_attempts_waiting',
      help: 'Steps of payments that are not done, by step',
      labelNames: ['step'],
      registers: [],
      async collect() {
        const waiting = await count(`SELECT step, count(*)::int AS rows FROM payment_attempt WHERE state = 'pending' GROUP BY step`);
        this.reset();
        for (const { step = '', rows } of waiting) this.set({ step }, rows);
      },
    }),
    new Gauge({
      name: 'orderstream_payment_attempts_failing',
      help: 'Those of them whose last attempt failed; why stands in payment_attempt.last_error',
      labelNames: ['step'],
      registers: [],
      async collect() {
        const failing = await count(
          `SELECT step, count(*)::int AS rows FROM payment_attempt
           WHERE state = 'pending' AND last_error IS NOT NULL GROUP BY step`,
        );
        this.reset();
        for (const { step = '', rows } of failing) this.set({ step }, rows);
      },
    }),
    new Gauge({
      name: 'orderstream_payment_captures_failed',
      help: 'Payments for dispatched goods that the provider refused to capture, unless they were voided since',
      registers: [],
      async collect() {
        const [failed] = await count(`SELECT count(*)::int AS rows FROM payment WHERE status = 'capture-failed'`);
        this.remove();
        if (failed !== undefined) this.set(failed.rows);
      },
    }),
  ];
}
