import {
  BEHIND_A_PARKED_EVENT,
  LONGEST_CAUSE,
  type Failure,
  type ParkedRecord,
  type Parking,
  type Partition,
  beginningOf,
  boundedName,
} from '@orderstream/messaging';
import type { Transaction } from './database.ts';

type Statements = Pick<Transaction, 'query'>;

/** The topic keeps the headers themselves; these are for people who look at the table. */
const MOST_HEADERS = 50;
const LONGEST_HEADER = 2_000;

/** The table `parked_event` of a service: reactors write to it on its own, projectors in the transaction of a position. */
export class ParkingTable implements Parking {
  readonly #statements: Statements;

  constructor(statements: Statements) {
    this.#statements = statements;
  }

  async firstParked(at: Partition, streams: readonly string[]): Promise<ReadonlyMap<string, bigint>> {
    const given = new Map(streams.map((stream) => [stream, storableName(stream)]));
    const rows = await this.#statements.query<{ stream: string; first: string }>(
      `SELECT given.stream, earliest.record_offset AS first FROM unnest($4::text[]) AS given (stream)
       CROSS JOIN LATERAL (SELECT record_offset FROM parked_event AS parked
         WHERE parked.group_name = $1 AND parked.topic = $2 AND parked.partition = $3 AND parked.stream = given.stream
         ORDER BY record_offset LIMIT 1) AS earliest`,
      [at.group, at.topic, at.partition, [...new Set(given.values())]],
    );
    const first = new Map(rows.map((row) => [row.stream, BigInt(row.first)]));
    return new Map([...given].flatMap(([stream, stored]) => (first.has(stored) ? [[stream, first.get(stored)!] as const] : [])));
  }

  async failures(at: Partition, from: number, to: number): Promise<Failure[]> {
    const rows = await this.#statements.query<{ stream: string; place: string; cause: string }>(
      `SELECT stream, record_offset AS place, cause FROM parked_event
       WHERE group_name = $1 AND topic = $2 AND partition = $3 AND record_offset BETWEEN $4 AND $5 AND cause <> $6`,
      [at.group, at.topic, at.partition, from, to, BEHIND_A_PARKED_EVENT],
    );
    return rows.map(({ stream, place, cause }) => ({ stream, place: Number(place), cause }));
  }

  async park(at: Partition, records: readonly ParkedRecord[]): Promise<ParkedRecord[]> {
    const added = await this.#statements.query<{ record_offset: string }>(
      `INSERT INTO parked_event (group_name, topic, partition, record_offset, stream, value, headers, cause)
       SELECT $1, $2, $3, record.*
       FROM unnest($4::bigint[], $5::text[], $6::bytea[], $7::jsonb[], $8::text[]) AS record
       ON CONFLICT DO NOTHING RETURNING record_offset`,
      [
        at.group,
        at.topic,
        at.partition,
        records.map(({ record }) => record.offset.toString()),
        records.map(({ record }) => storableName(record.stream)),
        records.map(({ record }) => record.value),
        records.map(({ record }) => storableHeaders(record.headers)),
        records.map(({ cause }) => storable(beginningOf(cause, LONGEST_CAUSE))),
      ],
    );
    const offsets = new Set(added.map(({ record_offset }) => record_offset));
    return records.filter(({ record }) => offsets.has(record.offset.toString()));
  }
}

/**
 * Postgres takes no NUL and no half surrogate as text. A record that has one, in its key or in a
 * header, must be parked all the same, or it would hold its partition for ever.
 */
export function storable(text: string): string {
  return text.replaceAll('\0', '\uFFFD').toWellFormed();
}

function storableName(stream: string): string {
  return storable(boundedName(stream));
}

function storableHeaders(headers: Readonly<Record<string, string>>): string {
  const bounded = Object.entries(headers)
    .slice(0, MOST_HEADERS)
    .map(([name, value]) => [storableName(name), storable(beginningOf(value, LONGEST_HEADER))]);
  return JSON.stringify(Object.fromEntries(bounded));
}
