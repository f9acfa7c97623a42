import { migrate, platformTables } from '@orderstream/postgres';
import { type ScratchDatabase, createScratchDatabase, runSql } from '@orderstream/postgres/testing';
import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readModels } from './0001-read-models.ts';
import { migrations } from './index.ts';

describe('The database of the inventory service', () => {
  let scratch: ScratchDatabase;
  beforeEach(async () => void (scratch = await createScratchDatabase(process.env['TEST_DATABASE_URL']!)));
  afterEach(() => scratch.drop());

  it('gets its order of stock while somebody reads it, and its pages from an index', async () => {
    const ownerRole = decodeURIComponent(new URL(scratch.url).username);
    await migrate({ url: scratch.url, ownerRole, migrations: [platformTables, readModels] });
    await runSql(scratch.url, `INSERT INTO stock_level SELECT 'sku-' || nth, 0, 1, 0, now() FROM generate_series(1, 20000) AS nth`);
    const reader = new Client({ connectionString: scratch.url });
    await reader.connect();
    await reader.query('BEGIN');
    await reader.query('SELECT FROM stock_level LIMIT 1');
    expect(await migrate({ url: scratch.url, ownerRole, migrations })).toEqual(['StockInCodeOrder0000000000002']);
    await reader.end();
    await runSql(scratch.url, 'ANALYZE stock_level');
    const page = await runSql(
      scratch.url,
      `EXPLAIN SELECT * FROM stock_level WHERE sku COLLATE "C" > 'sku-7' ORDER BY sku COLLATE "C" LIMIT 51`,
    );
    expect(JSON.stringify(page)).toMatch(/Index Scan using stock_level_in_code_order/);
  });
});
