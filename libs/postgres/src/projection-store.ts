import type { ModelPosition, MovedPosition, PositionMove, ProjectionStore, ProjectionTransaction } from '@orderstream/messaging';
import type { Database, Transaction } from './database.ts';
import { ParkingTable } from './parking-table.ts';

interface PositionRow {
  readonly group_name: string;
  readonly partition: number;
  readonly next_offset: string;
  readonly last_offset: string | null;
  readonly last_event_id: string | null;
}

/** The table `projection_position` of a service, beside the tables of its read models and processes. */
export class PostgresProjectionStore implements ProjectionStore<Transaction> {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async positions(names: readonly string[], topic: string, partitions: readonly number[]): Promise<ModelPosition[]> {
    // Only what is missing: ON CONFLICT alone would wait for whoever is just moving a position.
    await this.#database.query(
      `INSERT INTO projection_position (group_name, topic, partition, next_offset)
       SELECT name, $2, number, 0 FROM unnest($1::text[]) AS model (name), unnest($3::int[]) AS missing (number)
       WHERE NOT EXISTS (SELECT FROM projection_position WHERE group_name = name AND topic = $2 AND partition = number)
       ON CONFLICT DO NOTHING`,
      [names, topic, partitions],
    );
    const rows = await this.#database.query<PositionRow>(
      `SELECT group_name, partition, next_offset, last_offset, last_event_id FROM projection_position
       WHERE group_name = ANY ($1) AND topic = $2 AND partition = ANY ($3)`,
      [names, topic, partitions],
    );
    return rows.map(({ group_name: group, partition, next_offset, last_offset, last_event_id }) => {
      const last = last_offset === null ? null : { offset: BigInt(last_offset), eventId: last_event_id! };
      return { group, topic, partition, nextOffset: BigInt(next_offset), last };
    });
  }

  transaction<Result>(work: (transaction: ProjectionTransaction<Transaction>) => Promise<Result>): Promise<Result> {
    return this.#database.transaction((rows) =>
      work({
        rows,
        parking: new ParkingTable(rows),
        move: (moves) => movePositions(rows, moves),
        attempt: (inner) => attempt(rows, inner),
      }),
    );
  }
}

/**
 * In one statement. Whether anything is parked is asked in it, too; which streams it is of, in a later one: a redrive
 * may have held the position until just now.
 */
async function movePositions(transaction: Transaction, moves: readonly PositionMove[]): Promise<MovedPosition[]> {
  const rows = await transaction.query<{ group_name: string; topic: string; partition: number; parked: boolean }>(
    `UPDATE projection_position AS position SET next_offset = move.next_offset, updated_at = clock_timestamp(),
       last_offset = coalesce(move.last_offset, position.last_offset), last_event_id = coalesce(move.last_event_id, position.last_event_id)
     FROM unnest($1::text[], $2::text[], $3::int[], $4::bigint[], $5::bigint[], $6::bigint[], $7::text[])
       AS move (name, topic, partition, expected, next_offset, last_offset, last_event_id)
     WHERE position.group_name = move.name AND position.topic = move.topic AND position.partition = move.partition
       AND position.next_offset = move.expected
     RETURNING position.group_name, position.topic, position.partition, EXISTS (SELECT FROM parked_event AS parked
       WHERE parked.group_name = move.name AND parked.topic = move.topic AND parked.partition = move.partition) AS parked`,
    [
      moves.map(({ group }) => group),
      moves.map(({ topic }) => topic),
      moves.map(({ partition }) => partition),
      moves.map(({ expected }) => expected),
      moves.map(({ nextOffset }) => nextOffset),
      moves.map(({ last }) => last?.offset ?? null),
      moves.map(({ last }) => last?.eventId ?? null),
    ],
  );
  return rows.map(({ group_name: group, topic, partition, parked }) => ({ group, topic, partition, hasParked: parked }));
}

/** Savepoints of one name lie on each other: the latest counts. */
async function attempt<Result>(transaction: Transaction, work: () => Promise<Result>): Promise<Result> {
  await transaction.query('SAVEPOINT attempt');
  try {
    const result = await work();
    await transaction.query('RELEASE SAVEPOINT attempt');
    return result;
  } catch (fault) {
    // When that fails, too, the connection is gone, and with it the transaction: the first fault says why.
    const undo = transaction.query('ROLLBACK TO SAVEPOINT attempt').then(() => transaction.query('RELEASE SAVEPOINT attempt'));
    await undo.catch(() => {});
    throw fault;
  }
}
