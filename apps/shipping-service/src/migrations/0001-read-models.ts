import type { MigrationInterface, QueryRunner } from 'typeorm';

export class ReadModels0000000000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE shipment (
      order_id uuid PRIMARY KEY,
      revision int NOT NULL,
      status text NOT NULL,
      customer_id uuid NOT NULL,
      lines jsonb NOT NULL,
      recipient text NOT NULL,
      carrier text,
      tracking_number text,
      scheduled_at timestamptz NOT NULL,
      dispatched_at timestamptz,
      delivered_at timestamptz
    )`);
    await runner.query('CREATE TABLE dispatches_by_day (day date PRIMARY KEY, dispatches bigint NOT NULL)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE shipment, dispatches_by_day');
  }
}
