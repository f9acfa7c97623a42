import { processTableSql } from '@orderstream/postgres';
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Cancellations0000000000002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE shipment
        ADD COLUMN cancellation_reason text,
        ADD COLUMN recalled_at timestamptz,
        ADD COLUMN returned_at timestamptz,
        ADD COLUMN cancelled_at timestamptz;
      CREATE INDEX shipment_scheduled ON shipment (scheduled_at, order_id);
      CREATE INDEX shipment_status ON shipment (status, scheduled_at, order_id);
      ${processTableSql('shipment_task', 'order_id')}
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TABLE shipment_task;
      DROP INDEX shipment_status, shipment_scheduled;
      ALTER TABLE shipment
        DROP COLUMN cancellation_reason, DROP COLUMN recalled_at, DROP COLUMN returned_at, DROP COLUMN cancelled_at;
    `);
  }
}
