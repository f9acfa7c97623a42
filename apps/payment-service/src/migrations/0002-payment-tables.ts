import type { Migration } from '@orderstream/postgres';

export const paymentTables: Migration = {
  name: 'PaymentTables0000000000002',
  sql: `
    CREATE TABLE payment_attempt (
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
      last_error text,
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (order_id, step)
    );
    CREATE INDEX payment_attempt_due ON payment_attempt (next_attempt_at) WHERE state = 'pending';

    CREATE TABLE payment (
      order_id uuid PRIMARY KEY,
      revision int NOT NULL,
      status text NOT NULL,
      customer_id uuid NOT NULL,
      amount bigint NOT NULL,
      currency text NOT NULL,
      authorisation_id text,
      capture_id text,
      reason text,
      requested_at timestamptz NOT NULL,
      updated_at timestamptz NOT NULL
    );
    CREATE INDEX payment_capture_failed ON payment (updated_at) WHERE status = 'capture-failed';

    CREATE TABLE revenue_by_day (
      day date NOT NULL,
      currency text NOT NULL,
      amount bigint NOT NULL,
      PRIMARY KEY (day, currency)
    );
  `,
};
