/** The key database, in the order to be run. The writer's role needs SELECT, INSERT and DELETE; the reader's SELECT. */
export const personalDataMigrations: readonly { readonly name: string; readonly sql: string }[] = [
  {
    name: 'CustomerKey0000000000001',
    sql: `CREATE TABLE customer_key (
      customer_id uuid PRIMARY KEY,
      key bytea NOT NULL CHECK (length(key) = 32),
      created_at timestamptz NOT NULL DEFAULT now()
    )`,
  },
];
