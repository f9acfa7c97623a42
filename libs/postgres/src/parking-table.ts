import type { ParkedRecord, Parking, Partition } from '@orderstream/messaging';
import type { Database, Transaction } from './database.ts';

type Statements = Pick<Transaction, 'query'>;

const LONGEST_CAUSE = 2_000;

/** The table `parked_event` of a service, for its reactors. */
export class ParkingTable implements Parking {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  parkedStreams(at: Partition, streams: readonly string[]): Promise<Set<string>> {
    return selectParkedStreams(this.#database, at, streams);
  }

  async park(at: Partition, records: readonly ParkedRecord[]): Promise<void> {
    await insertParked(this.#database, at, records);
  }
}

export async function selectParkedStreams(from: Statements, at: Partition, streams: readonly string[]): Promise<Set<string>> {
  const rows = await from.query<{ stream: string }>(
    `SELECT stream FROM unnest($4::text[]) AS given (stream)
     WHERE EXISTS (SELECT FROM parked_event AS parked
       WHERE parked.group_name = $1 AND parked.topic = $2 AND parked.partition = $3 AND parked.stream = given.stream)`,
    [at.group, at.topic, at.partition, [...new Set(streams.map(storable))]],
  );
  const parked = new Set(rows.map(({ stream }) => stream));
  return new Set(streams.filter((stream) => parked.has(storable(stream))));
}

/** One that is there already is left as it is: it was set aside before, by an attempt that then died. */
export async function insertParked(into: Statements, at: Partition, records: readonly ParkedRecord[]): Promise<void> {
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
      records.map(({ record }) => storable(record.stream)),
      records.map(({ record }) => record.value),
      records.map(({ record }) => storableHeaders(record.headers)),
      records.map(({ cause }) => storable(cause.slice(0, LONGEST_CAUSE))),
    ],
  );
}

/**
 * Postgres takes no NUL and no half surrogate as text. A record that has one, in its key or in a
 * header, must be parked all the same, or it would hold its partition for ever.
 */
export function storable(text: string): string {
  return text.replaceAll('\0', '\uFFFD').toWellFormed();
}

function storableHeaders(headers: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.fromEntries(Object.entries(headers).map(([name, value]) => [storable(name), storable(value)])));
}
