import type { Migration } from '../migrate.ts';

/** What every service keeps beside its own tables: how far its projections are, and what it set aside. */
export const platformTables: Migration = {
  name: 'PlatformTables0000000000001',
  sql: `
    CREATE TABLE projection_position (
      group_name text NOT NULL,
      topic text NOT NULL,
      partition int NOT NULL,
      next_offset bigint NOT NULL,
      last_offset bigint,
      last_event_id text,
      updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      PRIMARY KEY (group_name, topic, partition)
    );

    CREATE TABLE parked_event (
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
    );
    CREATE INDEX parked_event_of_stream ON parked_event (group_name, topic, partition, stream, record_offset);
  `,
};
