import type { ParkedRecord, Parking, Partition } from '@orderstream/messaging';
import type { Database, Transaction } from './database.ts';

/** The table `parked_event` of a service. */
export class ParkingTable implements Parking {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async parkedStreams({ group }: Partition, streams: readonly string[]): Promise<Set<string>> {
    const rows = await this.#database.query<{ stream: string }>(
      'SELECT DISTINCT stream FROM parked_event WHERE group_name = $1 AND stream = ANY ($2)',
      [group, streams],
    );
    return new Set(rows.map(({ stream }) => stream));
  }

  async park(at: Partition, records: readonly ParkedRecord[]): Promise<void> {
    await insertParked(this.#database, at, records);
  }
}

/** One that is there already is left as it is: it was set aside before, by an attempt that then died. */
export async function insertParked(into: Pick<Transaction, 'query'>, at: Partition, records: readonly ParkedRecord[]): Promise<void> {
  await into.query(
    `INSERT INTO parked_event (group_name, topic, partition, record_offset, stream, value, headers, cause)
     SELECT $1, $2, $3, record.*
     FROM unnest($4::bigint[], $5::text[], $6::bytea[], $7::jsonb[], $8::text[]) AS record
     ON CONFLICT DO NOTHING`,
    [
      at.group,
      at.topic,
      at.partition,
      records.map(({ record }) => record.offset.toString()),
      records.map(({ record }) => record.stream),
      records.map(({ record }) => record.value),
      records.map(({ record }) => JSON.stringify(record.headers)),
      records.map(({ cause }) => cause),
    ],
  );
}
