import type { Migration } from '@orderstream/postgres';

/**
 * Stock is listed page by page in the order of the products' list, which is not the one of the database's language.
 * An index of its own, since another collation of the key would be made anew under a lock that shuts readers out.
 * Not CONCURRENTLY: that would wait for the statement with which the next deployment waits for this one.
 */
export const stockInCodeOrder: Migration = {
  name: 'StockInCodeOrder0000000000002',
  sql: 'CREATE INDEX stock_level_in_code_order ON stock_level (sku COLLATE "C")',
};
