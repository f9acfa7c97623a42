import {
  BEHIND_A_PARKED_EVENT,
  type BatchRecord,
  type DeliveredEvent,
  type EventBatch,
  type ParkedRecord,
  type Partition,
  type Position,
  type PositionStore,
  RetryableFault,
  fateOf,
  messageOf,
} from '@orderstream/messaging';
import type { Database, Transaction } from './database.ts';
import { insertParked } from './parking-table.ts';

/** Somebody else has moved this partition's position: this process must load it again. */
export class StalePosition extends RetryableFault {
  override readonly name = 'StalePosition';
}

/** Turns decoded events into rows: one call with many events, in the order of their partition. */
export type Apply<Event> = (transaction: Transaction, events: readonly DeliveredEvent<Event>[]) => Promise<void>;

type Sound<Event> = BatchRecord<Event> & { readonly decoded: DeliveredEvent<Event> };

interface PositionRow {
  readonly partition: number;
  readonly next_offset: string;
  readonly last_offset: string | null;
  readonly last_event_id: string | null;
}

/**
 * Runs projections: the rows of a batch and the position behind it move in one transaction, so that
 * a process that dies anywhere leaves both or neither.
 */
export class Projections implements PositionStore {
  readonly #database: Database;
  /** As last loaded or written by this process: a zombie's differs from the table, and it loses. */
  readonly #expected = new Map<string, bigint>();

  constructor(database: Database) {
    this.#database = database;
  }

  async load(group: string, topic: string, partitions: readonly number[]): Promise<Position[]> {
    await this.#database.query(
      `INSERT INTO projection_position (group_name, topic, partition, next_offset)
       SELECT $1, $2, unnest($3::int[]), 0 ON CONFLICT DO NOTHING`,
      [group, topic, partitions],
    );
    const rows = await this.#database.query<PositionRow>(
      `SELECT partition, next_offset, last_offset, last_event_id FROM projection_position
       WHERE group_name = $1 AND topic = $2 AND partition = ANY ($3)`,
      [group, topic, partitions],
    );
    return rows.map(({ partition, next_offset, last_offset, last_event_id }): Position => {
      this.#expected.set(placeOf({ group, topic, partition }), BigInt(next_offset));
      const last = last_offset === null ? null : { offset: BigInt(last_offset), eventId: last_event_id! };
      return { partition, nextOffset: BigInt(next_offset), last };
    });
  }

  /**
   * Applies a batch and moves the position behind it. What can't be decoded or applied is parked with
   * its cause in the same transaction, and later events of its stream behind it.
   *
   * @throws StalePosition, DependencyUnavailable, RetryableFault: nothing has changed then.
   */
  async project<Event>(batch: EventBatch<Event>, apply: Apply<Event>): Promise<void> {
    try {
      await this.#inTransaction(batch, (transaction, events) => applyAll(transaction, events, apply));
    } catch (fault) {
      if (fateOf(fault) !== 'park') throw fault;
      await this.#inTransaction(batch, (transaction, events) => applyInIsolation(transaction, events, apply));
    }
    this.#expected.set(placeOf(batch), batch.nextOffset);
  }

  #inTransaction<Event>(
    batch: EventBatch<Event>,
    applySound: (transaction: Transaction, events: readonly Sound<Event>[]) => Promise<ParkedRecord[]>,
  ): Promise<void> {
    return this.#database.transaction(async (transaction) => {
      const parkedStreams = await this.#lockPosition(transaction, batch);
      const { sound, toPark } = triage(batch, parkedStreams);
      const refused = sound.length === 0 ? [] : await applySound(transaction, sound);
      const parked = [...toPark, ...refused];
      if (parked.length > 0) await insertParked(transaction, batch, parked);
      await movePosition(transaction, batch);
    });
  }

  /** Holds the position until the commit, so that two processes can't apply one batch, and finds the parked streams. */
  async #lockPosition<Event>(transaction: Transaction, batch: EventBatch<Event>): Promise<Set<string>> {
    const streams = [...new Set(batch.records.map(({ stream }) => stream))];
    const [row] = await transaction.query<{ next_offset: string; parked: string[] }>(
      `SELECT next_offset, ARRAY(SELECT DISTINCT stream FROM parked_event WHERE group_name = $1 AND stream = ANY ($4)) AS parked
       FROM projection_position WHERE group_name = $1 AND topic = $2 AND partition = $3 FOR UPDATE`,
      [batch.group, batch.topic, batch.partition, streams],
    );
    const expected = this.#expected.get(placeOf(batch));
    if (row === undefined || expected === undefined || BigInt(row.next_offset) !== expected) {
      throw new StalePosition(`${placeOf(batch)}: the position is ${row?.next_offset ?? 'absent'}, not ${expected ?? 'loaded'}`);
    }
    return new Set(row.parked);
  }
}

function placeOf({ group, topic, partition }: Partition): string {
  return `${group} on ${topic}/${partition}`;
}

/** Separates what can be applied from what is parked without being tried. */
function triage<Event>(
  batch: EventBatch<Event>,
  parkedStreams: Set<string>,
): { readonly sound: Sound<Event>[]; readonly toPark: ParkedRecord[] } {
  const sound: Sound<Event>[] = [];
  const toPark: ParkedRecord[] = [];
  for (const record of batch.records) {
    if (parkedStreams.has(record.stream)) {
      toPark.push({ record, cause: BEHIND_A_PARKED_EVENT });
    } else if (record.decoded === undefined) {
      toPark.push({ record, cause: record.undecodable });
      parkedStreams.add(record.stream);
    } else {
      sound.push(record);
    }
  }
  return { sound, toPark };
}

async function applyAll<Event>(transaction: Transaction, records: readonly Sound<Event>[], apply: Apply<Event>): Promise<ParkedRecord[]> {
  await apply(transaction, records.map(({ decoded }) => decoded));
  return [];
}

/** Stream by stream, and event by event where a stream fails: slow, and only for a batch that has failed as a whole. */
async function applyInIsolation<Event>(
  transaction: Transaction,
  records: readonly Sound<Event>[],
  apply: Apply<Event>,
): Promise<ParkedRecord[]> {
  const refused: ParkedRecord[] = [];
  for (const ofStream of Map.groupBy(records, ({ stream }) => stream).values()) {
    if ((await tryApply(transaction, ofStream, apply)) === null) continue;
    for (const [index, record] of ofStream.entries()) {
      const cause = await tryApply(transaction, [record], apply);
      if (cause === null) continue;
      const behind = ofStream.slice(index + 1).map((later) => ({ record: later, cause: BEHIND_A_PARKED_EVENT }));
      refused.push({ record, cause }, ...behind);
      break;
    }
  }
  return refused;
}

/** The cause to park with, with nothing of these events applied; null when all were. */
async function tryApply<Event>(transaction: Transaction, records: readonly Sound<Event>[], apply: Apply<Event>): Promise<string | null> {
  await transaction.query('SAVEPOINT attempt');
  try {
    await applyAll(transaction, records, apply);
    await transaction.query('RELEASE SAVEPOINT attempt');
    return null;
  } catch (fault) {
    if (fateOf(fault) !== 'park') throw fault;
    await transaction.query('ROLLBACK TO SAVEPOINT attempt');
    return messageOf(fault);
  }
}

/** The last record that has an id is kept with the position, so that another topic of that name is noticed. */
async function movePosition<Event>(transaction: Transaction, batch: EventBatch<Event>): Promise<void> {
  const last = batch.records.findLast(({ decoded }) => decoded !== undefined);
  await transaction.query(
    `UPDATE projection_position SET next_offset = $4, updated_at = clock_timestamp(),
       last_offset = coalesce($5, last_offset), last_event_id = coalesce($6, last_event_id)
     WHERE group_name = $1 AND topic = $2 AND partition = $3`,
    [
      batch.group,
      batch.topic,
      batch.partition,
      batch.nextOffset.toString(),
      last?.offset.toString() ?? null,
      last?.decoded?.id ?? null,
    ],
  );
}
