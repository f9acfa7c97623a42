import { streams } from '@orderstream/contracts';
import {
  type EventBatch,
  type ParkedRecord,
  type Partition,
  type Position,
  type Progress,
  RetryableFault,
  type SoundRecord,
  fateOf,
  isolate,
  messageOf,
  setAside,
  tellParked,
  triage,
  eventsOf,
} from '@orderstream/messaging';
import type { Database, Transaction } from './database.ts';
import { ParkingTable } from './parking-table.ts';
import type { Apply, Projection } from './read-model.ts';

/** Another process has moved this partition's position: this one must load it again. */
export class StalePosition extends RetryableFault {
  override readonly name = 'StalePosition';
}

interface PositionRow {
  readonly partition: number;
  readonly next_offset: string;
  readonly last_offset: string | null;
  readonly last_event_id: string | null;
}

/**
 * Runs projections: the rows of a batch and the position behind it move in one transaction, so that
 * a process that dies anywhere leaves both or neither.
 *
 * The position moves first. That guards it (a process that is behind learns so before it touches a row), and locks
 * it until the commit: nobody else applies this partition meanwhile, or replays what is parked of it.
 */
export class Projections implements Progress {
  readonly #database: Database;
  /** As last loaded or written by this process: a zombie's differs from the table, and it loses. */
  readonly #expected = new Map<string, bigint>();

  constructor(database: Database) {
    this.#database = database;
  }

  async load(group: string, topic: string, partitions: readonly number[]): Promise<Position[]> {
    // Only what is missing: ON CONFLICT alone would wait for whoever is just moving a position.
    await this.#database.query(
      `INSERT INTO projection_position (group_name, topic, partition, next_offset)
       SELECT $1, $2, number, 0 FROM unnest($3::int[]) AS missing (number)
       WHERE NOT EXISTS (SELECT FROM projection_position WHERE group_name = $1 AND topic = $2 AND partition = missing.number)
       ON CONFLICT DO NOTHING`,
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

  /** `project`, with the tables of a projection. */
  async run(batch: EventBatch, { tables, applied }: Projection): Promise<void> {
    const fed = tables.filter(({ category }) => streams[category].topic === batch.topic);
    await this.project(batch, async (transaction, events, passedOver) => {
      for (const table of fed) await table.apply(transaction, events, passedOver);
    });
    applied?.(batch.records.flatMap(({ decoded }) => decoded ?? []));
  }

  /** `project` has moved the position, in the transaction of the rows. */
  async handled(): Promise<void> {}

  /**
   * Applies a batch and moves the position behind it. An event that can't be decoded or applied is parked with its
   * cause in the same transaction, and later events of its stream behind it.
   *
   * `apply` is called once with everything that can be tried. Only when that fails is it called again in a new
   * transaction, stream by stream and then event by event, so it must not rely on other streams' events.
   *
   * @throws StalePosition, DependencyUnavailable, RetryableFault, ConsumerHeld: nothing has changed then.
   */
  async project<Event>(batch: EventBatch<Event>, apply: Apply<Event>): Promise<void> {
    let parked: readonly ParkedRecord[];
    try {
      parked = await this.#inTransaction(batch, (transaction, events) => applyAll(transaction, events, apply).then(() => []));
    } catch (fault) {
      if (fateOf(fault) !== 'park') throw fault;
      parked = await this.#inTransaction(batch, (transaction, events) => isolate(events, (some) => tryApply(transaction, some, apply)));
    }
    this.#expected.set(placeOf(batch), batch.nextOffset);
    tellParked(batch, parked);
  }

  /** Resolves to what was parked and had not been before. */
  #inTransaction<Event>(
    batch: EventBatch<Event>,
    applySound: (transaction: Transaction, events: readonly SoundRecord<Event>[]) => Promise<ParkedRecord[]>,
  ): Promise<readonly ParkedRecord[]> {
    const expected = this.#expectedAt(batch);
    return this.#database.transaction(async (transaction) => {
      const parking = new ParkingTable(transaction);
      const firstParked = (await movePosition(transaction, batch, expected))
        ? await parking.firstParked(
            batch,
            batch.records.map(({ stream }) => stream),
          )
        : new Map<string, bigint>();
      const { sound, toPark } = triage(batch.records, firstParked);
      const refused = sound.length === 0 ? [] : await applySound(transaction, sound);
      return setAside(batch, parking, [...toPark, ...refused]);
    });
  }

  #expectedAt<Event>(batch: EventBatch<Event>): bigint {
    const expected = this.#expected.get(placeOf(batch));
    if (expected === undefined) throw new StalePosition(`${placeOf(batch)}: the position was not loaded`);
    // A batch that was under way in this process while the position was loaded has moved it since.
    const first = batch.records[0]?.offset ?? batch.nextOffset;
    if (first < expected) throw new StalePosition(`${placeOf(batch)}: offset ${first} is behind the position ${expected}`);
    return expected;
  }
}

/**
 * Moves the position behind the batch, together with the last record that could be read, by which a
 * topic that was made anew is noticed. Resolves to whether anything of this partition is parked.
 *
 * `false` is exact: parking moves the position, so that this guard would have failed. `true` may be out of date
 * when a redrive has just ended, which is why the streams are looked up in a statement of their own.
 *
 * @throws StalePosition when somebody else has moved it.
 */
async function movePosition<Event>(transaction: Transaction, batch: EventBatch<Event>, expected: bigint): Promise<boolean> {
  const last = batch.records.findLast(({ decoded }) => decoded !== undefined);
  const [moved] = await transaction.query<{ parked: boolean }>(
    `UPDATE projection_position AS position SET next_offset = $5, updated_at = clock_timestamp(),
       last_offset = coalesce($6, last_offset), last_event_id = coalesce($7, last_event_id)
     WHERE group_name = $1 AND topic = $2 AND partition = $3 AND next_offset = $4
     RETURNING EXISTS (SELECT FROM parked_event AS parked
       WHERE parked.group_name = $1 AND parked.topic = $2 AND parked.partition = $3) AS parked`,
    [batch.group, batch.topic, batch.partition, expected, batch.nextOffset, last?.offset ?? null, last?.decoded?.id ?? null],
  );
  if (moved === undefined) throw new StalePosition(`${placeOf(batch)}: the position is not ${expected} any more`);
  return moved.parked;
}

function placeOf({ group, topic, partition }: Partition): string {
  return `${group} on ${topic}/${partition}`;
}

async function applyAll<Event>(transaction: Transaction, records: readonly SoundRecord<Event>[], apply: Apply<Event>): Promise<void> {
  await apply(
    transaction,
    eventsOf(records),
    records.flatMap(({ passedOver }) => passedOver ?? []),
  );
}

/** The cause to park with, with nothing of these events applied; null when all were. */
async function tryApply<Event>(
  transaction: Transaction,
  records: readonly SoundRecord<Event>[],
  apply: Apply<Event>,
): Promise<string | null> {
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
