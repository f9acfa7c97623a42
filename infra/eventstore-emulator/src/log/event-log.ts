import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { type EventRecord, NO_REVISION, type ProposedEvent, strideBytes } from './record.ts';

type Row = Record<'position' | 'revision' | 'is_json' | 'created_ms', bigint> &
  Record<'stream' | 'id' | 'type', string> &
  Record<'metadata' | 'data', Uint8Array>;

/** A page ends at whichever comes first, so that no reader holds more than this. */
const PAGE_EVENTS = 100;
const PAGE_BYTES = 1024 * 1024;

/** What SQLite's integers end with. */
const LARGEST = 2n ** 63n - 1n;

const COLUMNS = 'e.position, s.name AS stream, e.revision, e.id, e.type, e.is_json, e.created_ms, e.metadata, e.data';
const IN_ALL = `SELECT ${COLUMNS} FROM event e JOIN stream s ON s.id = e.stream_id`;
const IN_STREAM = `SELECT ${COLUMNS} FROM stream s JOIN event e ON e.stream_id = s.id WHERE s.name = ?`;

const SQL = {
  allForwards: `${IN_ALL} WHERE e.position >= ? ORDER BY e.position`,
  allBackwards: `${IN_ALL} WHERE e.position < ? ORDER BY e.position DESC`,
  streamForwards: `${IN_STREAM} AND e.revision >= ? ORDER BY e.revision`,
  streamBackwards: `${IN_STREAM} AND e.revision <= ? ORDER BY e.revision DESC`,
  eventAt: `${IN_STREAM} AND e.revision = ?`,
  idAt: 'SELECT e.id, e.position FROM stream s JOIN event e ON e.stream_id = s.id WHERE s.name = ? AND e.revision = ?',
  lastRevision: 'SELECT max(e.revision) AS revision FROM event e WHERE e.stream_id = (SELECT id FROM stream WHERE name = ?)',
  firstSince: `SELECT e.revision FROM stream s JOIN event e ON e.stream_id = s.id
    WHERE s.name = ? AND e.revision >= ? AND e.created_ms >= ? ORDER BY e.revision LIMIT 1`,
  lastPosition: 'SELECT max(position) AS position FROM event',
  streamId: 'SELECT id FROM stream WHERE name = ?',
  addStream: 'INSERT INTO stream (name) VALUES (?)',
  addEvent:
    'INSERT INTO event (position, stream_id, revision, id, type, is_json, created_ms, metadata, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
} as const;

/**
 * Every event in the order of its commit. It keeps positions and revisions unique and knows nothing of rules;
 * whoever writes does so between begin and commit of `GroupCommit`.
 */
export class EventLog {
  readonly #statements: Readonly<Record<keyof typeof SQL, StatementSync>>;
  #lastPosition = 0n;

  constructor(database: DatabaseSync) {
    const statements = Object.entries(SQL).map(([name, sql]) => {
      const statement = database.prepare(sql);
      statement.setReadBigInts(true);
      return [name, statement];
    });
    this.#statements = Object.fromEntries(statements);
    this.reload();
  }

  /** After a rollback: what is on disk counts. */
  reload(): void {
    const row = this.#statements.lastPosition.get() as { position: bigint | null };
    this.#lastPosition = row.position ?? 0n;
  }

  /** The position of the last event; 0 when there is none. */
  get lastPosition(): bigint {
    return this.#lastPosition;
  }

  /** -1 for a stream without events. */
  lastRevision(stream: string): bigint {
    const row = this.#statements.lastRevision.get(stream) as { revision: bigint | null };
    return row.revision ?? NO_REVISION;
  }

  idAt(stream: string, revision: bigint): { readonly id: string; readonly position: bigint } | undefined {
    return this.#statements.idAt.get(stream, revision) as { id: string; position: bigint } | undefined;
  }

  eventAt(stream: string, revision: bigint): EventRecord | undefined {
    const row = this.#statements.eventAt.get(stream, revision) as Row | undefined;
    return row === undefined ? undefined : recordOf(row);
  }

  /** The first revision from `from` on of an event recorded at or after an instant. */
  firstRevisionSince(stream: string, from: bigint, instantMs: number): bigint | undefined {
    const row = this.#statements.firstSince.get(stream, from, BigInt(instantMs)) as { revision: bigint } | undefined;
    return row?.revision;
  }

  /** A page of events at or after a position. Empty means that there are none. */
  allForwards(position: bigint, limit = PAGE_EVENTS): EventRecord[] {
    return position > LARGEST ? [] : page(this.#statements.allForwards.iterate(position), limit);
  }

  /** A page of events before a position, the nearest first. */
  allBackwards(position: bigint, limit = PAGE_EVENTS): EventRecord[] {
    return page(this.#statements.allBackwards.iterate(position), limit);
  }

  /** A page of a stream's events at or after a revision. */
  streamForwards(stream: string, revision: bigint, limit = PAGE_EVENTS): EventRecord[] {
    return revision > LARGEST ? [] : page(this.#statements.streamForwards.iterate(stream, revision), limit);
  }

  /** A page of a stream's events at or before a revision, the nearest first. */
  streamBackwards(stream: string, revision: bigint, limit = PAGE_EVENTS): EventRecord[] {
    return page(this.#statements.streamBackwards.iterate(stream, revision), limit);
  }

  /** Adds one event and returns its position. */
  add(stream: string, revision: bigint, event: ProposedEvent, createdMs: number): bigint {
    const position = this.#lastPosition + strideBytes(stream, event);
    const { id, type, isJson, metadata, data } = event;
    this.#statements.addEvent.run(position, this.#streamId(stream), revision, id, type, isJson ? 1 : 0, createdMs, metadata, data);
    this.#lastPosition = position;
    return position;
  }

  #streamId(stream: string): bigint {
    const row = this.#statements.streamId.get(stream) as { id: bigint } | undefined;
    return row?.id ?? BigInt(this.#statements.addStream.run(stream).lastInsertRowid);
  }
}

function page(rows: Iterable<unknown>, limit: number): EventRecord[] {
  const records: EventRecord[] = [];
  if (limit <= 0) return records;
  let bytes = 0;
  for (const row of rows as Iterable<Row>) {
    records.push(recordOf(row));
    bytes += row.data.byteLength + row.metadata.byteLength;
    if (records.length >= limit || records.length >= PAGE_EVENTS || bytes >= PAGE_BYTES) break;
  }
  return records;
}

function recordOf(row: Row): EventRecord {
  const { position, stream, revision, id, type, is_json, created_ms, metadata, data } = row;
  return { position, stream, revision, id, type, isJson: is_json === 1n, createdMs: created_ms, metadata, data };
}
