import type { Migration } from '@orderstream/postgres';

/** Pages are keyset pages, the latest first: with the filters there are, each of them is the start of an index. */
export const readModels: Migration = {
  name: 'ReadModels0000000000001',
  sql: `
    CREATE TABLE order_summary (
      order_id uuid PRIMARY KEY,
      revision int NOT NULL,
      status text NOT NULL,
      customer_id uuid NOT NULL,
      lines jsonb NOT NULL,
      total_amount bigint NOT NULL,
      currency text NOT NULL,
      placed_at timestamptz NOT NULL,
      updated_at timestamptz NOT NULL,
      carrier text,
      tracking_number text,
      rejection_reason text,
      rejection_detail text
    );
    CREATE INDEX order_summary_latest ON order_summary (placed_at DESC, order_id DESC);
    CREATE INDEX order_summary_of_customer ON order_summary (customer_id, placed_at DESC, order_id DESC);
    CREATE INDEX order_summary_in_status ON order_summary (status, placed_at DESC, order_id DESC);

    CREATE TABLE order_price (
      sku text PRIMARY KEY,
      revision int NOT NULL,
      amount bigint NOT NULL,
      currency text NOT NULL,
      on_sale boolean NOT NULL
    );

    CREATE TABLE order_demand (
      sku text NOT NULL,
      day date NOT NULL,
      units bigint NOT NULL,
      PRIMARY KEY (sku, day)
    );
  `,
};
