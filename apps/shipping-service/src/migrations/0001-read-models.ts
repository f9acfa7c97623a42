import type { Migration } from '@orderstream/postgres';

export const readModels: Migration = {
  name: 'ReadModels0000000000001',
  sql: `
    CREATE TABLE shipment (
      order_id uuid PRIMARY KEY,
      revision int NOT NULL,
      status text NOT NULL,
      customer_id uuid NOT NULL,
      lines jsonb NOT NULL,
      recipient text NOT NULL,
      carrier text,
      tracking_number text,
      scheduled_at timestamptz NOT NULL,
      dispatched_at timestamptz,
      delivered_at timestamptz
    );

    CREATE TABLE dispatches_by_day (day date PRIMARY KEY, dispatches bigint NOT NULL);
  `,
};
