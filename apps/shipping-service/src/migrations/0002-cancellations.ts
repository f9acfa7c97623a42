import type { Migration } from '@orderstream/postgres';

export const cancellations: Migration = {
  name: 'Cancellations0000000000002',
  sql: `
    ALTER TABLE shipment
      ADD COLUMN cancellation_reason text,
      ADD COLUMN recalled_at timestamptz,
      ADD COLUMN returned_at timestamptz,
      ADD COLUMN cancelled_at timestamptz;
    CREATE INDEX shipment_scheduled ON shipment (scheduled_at, order_id);
    CREATE INDEX shipment_status ON shipment (status, scheduled_at, order_id);

    CREATE TABLE shipment_task (
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
      leased_until timestamptz,
      is_hurried boolean NOT NULL DEFAULT false,
      deadline_at timestamptz,
      last_error text,
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (order_id, step)
    );
    CREATE INDEX shipment_task_due ON shipment_task (next_attempt_at) WHERE state = 'pending';
    CREATE INDEX shipment_task_due_first ON shipment_task (next_attempt_at)
      WHERE state = 'pending' AND (attempts = 0 OR is_hurried);
  `,
};
