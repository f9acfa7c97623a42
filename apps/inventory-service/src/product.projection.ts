import { column, projectionOf, type RowOfTable, StreamRows } from '@orderstream/postgres';

/** One row per product, as it stands. */
export const product = new StreamRows({
  table: 'product',
  category: 'product',
  key: { sku: column('text') },
  columns: {
    name: column('text'),
    /** Minor units. */
    amount: column('bigint'),
    currency: column('text'),
    listed: column('boolean'),
    updated_at: column('timestamptz'),
  },
  change: {
    ProductListed: ({ name, price, listedAt }) => ({ name, ...price, listed: true, updated_at: listedAt }),
    ProductPriceChanged: ({ price, changedAt }) => ({ ...price, updated_at: changedAt }),
    ProductDelisted: ({ delistedAt }) => ({ listed: false, updated_at: delistedAt }),
  },
});

export type ProductRow = RowOfTable<typeof product>;

export const productProjection = projectionOf('product', product);
