import type { DeliveredEvent, PassedOver, Position } from './batch.ts';
import type { Parking, Partition } from './parking.ts';

/**
 * Turns decoded events into rows: one call with many events, in the order of their partition.
 *
 * @param passedOver events in between that are not for this build, for rows that have a revision.
 */
export type Apply<Rows, Event> = (rows: Rows, events: readonly DeliveredEvent<Event>[], passedOver: readonly PassedOver[]) => Promise<void>;

export type AnyEvent = DeliveredEvent['event'];

/** One table of a read model, or of a process. */
export interface ModelTable<Rows> {
  readonly topic: string;
  /** Whether rows are shared by streams, which are on several partitions: they are written last. */
  readonly isAdding: boolean;
  /** Whether an event changes any row, as far as its type and the name of its stream say. */
  concerns(type: string, stream: string): boolean;
  /** It may get events that do not concern it, too. */
  readonly apply: Apply<Rows, AnyEvent>;
}

/** What has a position of its own: tables that are written together. */
export interface ReadModel<Rows> {
  /** Its positions and what it parks stand under this name. */
  readonly name: string;
  readonly topics: readonly string[];
  readonly tables: readonly ModelTable<Rows>[];
  /** Called with the events of a batch once their rows are written. */
  readonly applied?: (events: readonly DeliveredEvent[]) => void;
}

/** The position of one model; `group` is the model's name. */
export interface ModelPosition extends Partition, Position {}

/** A position is to move, if it still is where it was. */
export interface PositionMove extends ModelPosition {
  readonly expected: bigint;
}

export interface MovedPosition extends Partition {
  /**
   * Whether the model has anything parked of this partition. `false` is exact: parking moves the position, which
   * would not have been the expected one. `true` may be out of date when a redrive has just ended.
   */
  readonly hasParked: boolean;
}

/** What belongs together: rows, the positions behind their events, and what is parked of them. */
export interface ProjectionTransaction<Rows> {
  readonly rows: Rows;
  readonly parking: Parking;
  /**
   * Moves what stands where it is expected, and locks it until the end: nobody else applies these partitions meanwhile,
   * or redrives what is parked of them. A `last` of null stays as it is. Resolves to those that moved.
   */
  move(moves: readonly PositionMove[]): Promise<readonly MovedPosition[]>;
  /** All that the work does, or nothing of it when it throws; it throws what the work throws. */
  attempt<Result>(work: () => Promise<Result>): Promise<Result>;
}

/** Where read models and processes keep their positions. */
export interface ProjectionStore<Rows> {
  /** Positions that are missing are created, at offset 0. */
  positions(names: readonly string[], topic: string, partitions: readonly number[]): Promise<readonly ModelPosition[]>;
  /** Commits when the work resolves; otherwise nothing has changed, and it throws what the work threw. */
  transaction<Result>(work: (transaction: ProjectionTransaction<Rows>) => Promise<Result>): Promise<Result>;
}
