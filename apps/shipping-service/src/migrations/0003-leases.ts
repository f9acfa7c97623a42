import type { Migration } from '@orderstream/postgres';

/** For tables that were made before; a new one has its leases from the beginning. */
export const leases: Migration = {
  name: 'Leases0000000000003',
  sql: `
    ALTER TABLE shipment_task
      ADD COLUMN IF NOT EXISTS leased_until timestamptz,
      ADD COLUMN IF NOT EXISTS is_hurried boolean NOT NULL DEFAULT false;
    CREATE INDEX IF NOT EXISTS shipment_task_due_first ON shipment_task (next_attempt_at)
      WHERE state = 'pending' AND (attempts = 0 OR is_hurried);
  `,
};
