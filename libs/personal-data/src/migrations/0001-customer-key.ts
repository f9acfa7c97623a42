export const customerKey = {
  name: 'CustomerKey0000000000001',
  sql: `
    CREATE TABLE customer_key (
      customer_id uuid PRIMARY KEY,
      key bytea NOT NULL CHECK (length(key) = 32),
      created_at timestamptz NOT NULL DEFAULT now()
    );
  `,
};
