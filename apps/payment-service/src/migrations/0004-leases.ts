import type { Migration } from '@orderstream/postgres';

/** An attempt's lease is told apart from its backoff, which ends at once when its order is cancelled. */
export const leases: Migration = {
  name: 'Leases0000000000004',
  sql: `
    ALTER TABLE payment_attempt
      ADD COLUMN IF NOT EXISTS leased_until timestamptz,
      ADD COLUMN IF NOT EXISTS is_hurried boolean NOT NULL DEFAULT false;
    CREATE INDEX IF NOT EXISTS payment_attempt_due_first ON payment_attempt (next_attempt_at)
      WHERE state = 'pending' AND (attempts = 0 OR is_hurried);
  `,
};
