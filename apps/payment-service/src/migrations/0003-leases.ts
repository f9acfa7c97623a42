import { processTableWithLeasesSql } from '@orderstream/postgres';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** An attempt's lease is told apart from its backoff, which ends at once when its order is cancelled. */
export class Leases0000000000004 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(processTableWithLeasesSql('payment_attempt'));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP INDEX payment_attempt_due_first;
      ALTER TABLE payment_attempt DROP COLUMN leased_until, DROP COLUMN is_hurried;
    `);
  }
}
