import type { Migration } from '@orderstream/postgres';

export const readModels: Migration = {
  name: 'ReadModels0000000000001',
  sql: `
    CREATE TABLE product (
      sku text COLLATE "C" PRIMARY KEY,
      revision int NOT NULL,
      name text NOT NULL,
      amount bigint NOT NULL,
      currency text NOT NULL,
      listed boolean NOT NULL,
      updated_at timestamptz NOT NULL
    );

    CREATE TABLE stock_level (
      sku text PRIMARY KEY,
      revision int NOT NULL,
      on_hand bigint NOT NULL,
      reserved bigint NOT NULL,
      updated_at timestamptz NOT NULL
    );

    CREATE TABLE reservation (
      order_id uuid PRIMARY KEY,
      revision int NOT NULL,
      status text NOT NULL,
      lines jsonb NOT NULL,
      short_skus text[] NOT NULL,
      updated_at timestamptz NOT NULL
    );

    CREATE TABLE reserved_units (sku text PRIMARY KEY, units bigint NOT NULL);
  `,
};
