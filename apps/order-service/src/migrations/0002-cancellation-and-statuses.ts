import type { Migration } from '@orderstream/postgres';

export const cancellationAndStatuses: Migration = {
  name: 'CancellationAndStatuses0000000000002',
  sql: `
    ALTER TABLE order_summary
      ADD COLUMN cancellation_requested_at timestamptz,
      ADD COLUMN cancelled_at timestamptz,
      ADD COLUMN cancellation_reason text;

    CREATE TABLE order_payment (
      order_id uuid PRIMARY KEY,
      revision int NOT NULL,
      status text NOT NULL,
      updated_at timestamptz NOT NULL
    );

    CREATE TABLE order_shipment (
      order_id uuid PRIMARY KEY,
      revision int NOT NULL,
      status text NOT NULL,
      updated_at timestamptz NOT NULL
    );
  `,
};
