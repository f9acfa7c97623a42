import { processTableWithLeasesSql } from '@orderstream/postgres';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** For tables that were made before; a new one has its leases from the beginning. */
export class Leases0000000000003 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(processTableWithLeasesSql('shipment_task'));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP INDEX shipment_task_due_first;
      ALTER TABLE shipment_task DROP COLUMN leased_until, DROP COLUMN is_hurried;
    `);
  }
}
