import type { ParkedRecord, Partition } from '../parking.ts';
import type { ModelPosition, MovedPosition, PositionMove, ProjectionStore, ProjectionTransaction } from '../projection-store.ts';
import { ParkingInMemory } from './parking-in-memory.ts';

/** What lies between a process and the store. */
export interface Between {
  /** Carries a statement there, and the answer back. */
  readonly ask: <Result>(work: () => Result | Promise<Result>) => Promise<Result>;
  /** When the store notices that a connection was given up. */
  readonly later: (work: () => void) => void;
}

const nothingBetween: Between = { ask: async (work) => await work(), later: (work) => work() };

/** A row by its key, and what becomes of it; undefined: there is none yet. */
export interface RowChange<Row> {
  readonly key: string;
  readonly change: (row: Row | undefined) => Row;
}

/** The rows of all tables, as a transaction changes them. */
export interface RowsInTransaction<Row> {
  write(changes: readonly RowChange<Row>[]): Promise<void>;
}

/** One that a process has open. */
class OpenTransaction<Row> {
  readonly #store: ProjectionsInMemory<Row>;
  #staged: (() => void)[] = [];
  #isOpen = true;
  readonly closed = Promise.withResolvers<void>();

  constructor(store: ProjectionsInMemory<Row>) {
    this.#store = store;
  }

  get staged(): number {
    return this.#staged.length;
  }

  stage(change: () => void): void {
    if (!this.#isOpen) throw new Error('the transaction is over');
    this.#staged.push(change);
  }

  undo(to: number): void {
    this.#staged.length = to;
  }

  async lock(key: string): Promise<void> {
    const { locks } = this.#store;
    for (let owner = locks.get(key); owner !== undefined && owner !== this; owner = locks.get(key)) await owner.closed.promise;
    if (this.#isOpen) locks.set(key, this);
  }

  commit(): void {
    if (!this.#isOpen) throw new Error('the transaction is over');
    for (const change of this.#staged) change();
    this.close();
  }

  close(): void {
    this.#isOpen = false;
    for (const [key, owner] of this.#store.locks) if (owner === this) this.#store.locks.delete(key);
    this.closed.resolve();
  }
}

/** Positions, rows and what is parked in memory, which outlive the processes that are connected. */
export class ProjectionsInMemory<Row> {
  readonly rows = new Map<string, Row>();
  readonly parking = new ParkingInMemory();
  readonly #positions = new Map<string, ModelPosition>();
  /** Which transaction has moved a position. */
  readonly locks = new Map<string, OpenTransaction<Row>>();

  /** Where a model is. */
  position(at: Partition): ModelPosition {
    return this.#positions.get(keyOf(at)) ?? { ...at, nextOffset: 0n, last: null };
  }

  /** Makes a model anew, when nobody moves a position of it any more. */
  async reset(model: string, isOfModel: (key: string) => boolean): Promise<void> {
    const transaction = new OpenTransaction(this);
    const own = [...this.#positions].filter(([, { group }]) => group === model).toSorted(([one], [other]) => (one < other ? -1 : 1));
    for (const [key] of own) await transaction.lock(key);
    for (const [key, position] of own) this.#positions.set(key, { ...position, nextOffset: 0n, last: null });
    for (const key of this.rows.keys()) if (isOfModel(key)) this.rows.delete(key);
    transaction.close();
  }

  /** A process's connections. `close` ends its transactions, as its death does. */
  connect(between = nothingBetween): { readonly store: ProjectionStore<RowsInTransaction<Row>>; readonly close: () => void } {
    const open = new Set<OpenTransaction<Row>>();
    const close = (): void =>
      between.later(() => {
        for (const transaction of open) transaction.close();
      });
    return { store: this.#storeFor(between, open), close };
  }

  #storeFor({ ask, later }: Between, open: Set<OpenTransaction<Row>>): ProjectionStore<RowsInTransaction<Row>> {
    return {
      positions: (names, topic, partitions) =>
        ask(() => names.flatMap((group) => partitions.map((partition) => this.#created({ group, topic, partition })))),
      transaction: async (work) => {
        const transaction = new OpenTransaction(this);
        open.add(transaction);
        try {
          const result = await work(this.#with(transaction, ask));
          await ask(() => transaction.commit());
          return result;
        } catch (fault) {
          // A commit may still be on its way.
          later(() => transaction.close());
          throw fault;
        } finally {
          open.delete(transaction);
        }
      },
    };
  }

  #created(at: Partition): ModelPosition {
    const position = this.position(at);
    this.#positions.set(keyOf(at), position);
    return position;
  }

  #with(transaction: OpenTransaction<Row>, ask: Between['ask']): ProjectionTransaction<RowsInTransaction<Row>> {
    const write = (changes: readonly RowChange<Row>[]): void => {
      for (const { key, change } of changes) transaction.stage(() => void this.rows.set(key, change(this.rows.get(key))));
    };
    return {
      rows: { write: (changes) => ask(() => write(changes)) },
      parking: {
        firstParked: (at, streams) => ask(() => this.parking.firstParked(at, streams)),
        failures: (at, from, to) => ask(() => this.parking.failures(at, from, to)),
        park: (at, records) => ask(() => this.#park(transaction, at, records)),
      },
      move: (moves) => ask(() => this.#move(transaction, moves)),
      attempt: async (work) => {
        const before = transaction.staged;
        try {
          return await work();
        } catch (fault) {
          transaction.undo(before);
          throw fault;
        }
      },
    };
  }

  #park(transaction: OpenTransaction<Row>, at: Partition, records: readonly ParkedRecord[]): ParkedRecord[] {
    const added = records.filter(({ record }) => !this.parking.has(at, record.offset));
    transaction.stage(() => void this.parking.park(at, added));
    return added;
  }

  async #move(transaction: OpenTransaction<Row>, moves: readonly PositionMove[]): Promise<MovedPosition[]> {
    const ordered = moves.toSorted((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1));
    const moved: MovedPosition[] = [];
    for (const { expected, ...to } of ordered) {
      const { group, topic, partition } = to;
      const isThere = (): boolean => this.#positions.get(keyOf(to))?.nextOffset === expected;
      if (!isThere()) continue;
      await transaction.lock(keyOf(to));
      if (!isThere()) continue;
      transaction.stage(() => this.#positions.set(keyOf(to), { ...to, last: to.last ?? this.position(to).last }));
      moved.push({ group, topic, partition, hasParked: this.parking.has(to) });
    }
    return moved;
  }
}

function keyOf({ group, topic, partition }: Partition): string {
  return `${group} on ${topic}/${partition}`;
}
