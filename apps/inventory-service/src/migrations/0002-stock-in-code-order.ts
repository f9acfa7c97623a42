import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Stock is listed page by page in the order of the products' list, which is not the one of the database's language. */
export class StockInCodeOrder0000000000002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE stock_level ALTER COLUMN sku TYPE text COLLATE "C"');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE stock_level ALTER COLUMN sku TYPE text COLLATE "default"');
  }
}
