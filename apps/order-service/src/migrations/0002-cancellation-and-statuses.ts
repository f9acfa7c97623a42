import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CancellationAndStatuses0000000000002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE order_summary
      ADD COLUMN cancellation_requested_at timestamptz,
      ADD COLUMN cancelled_at timestamptz,
      ADD COLUMN cancellation_reason text`);
    for (const table of ['order_payment', 'order_shipment']) {
      await runner.query(`CREATE TABLE ${table} (
        order_id uuid PRIMARY KEY,
        revision int NOT NULL,
        status text NOT NULL,
        updated_at timestamptz NOT NULL
      )`);
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE order_payment, order_shipment');
    await runner.query(`ALTER TABLE order_summary
      DROP COLUMN cancellation_requested_at, DROP COLUMN cancelled_at, DROP COLUMN cancellation_reason`);
  }
}
