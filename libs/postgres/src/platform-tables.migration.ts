import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What every service keeps beside its own tables: how far its projections are, and what it set aside. */
export class PlatformTables0000000000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE projection_position (
      group_name text NOT NULL,
      topic text NOT NULL,
      partition int NOT NULL,
      next_offset bigint NOT NULL,
      last_offset bigint,
      last_event_id text,
      updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      PRIMARY KEY (group_name, topic, partition)
    )`);
    await runner.query(`CREATE TABLE parked_event (
      group_name text NOT NULL,
      topic text NOT NULL,
      partition int NOT NULL,
      record_offset bigint NOT NULL,
      stream text NOT NULL,
      value bytea,
      headers jsonb NOT NULL,
      cause text NOT NULL,
      parked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      PRIMARY KEY (group_name, topic, partition, record_offset)
    )`);
    await runner.query('CREATE INDEX parked_event_of_stream ON parked_event (group_name, topic, partition, stream, record_offset)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE parked_event, projection_position');
  }
}
