import { type Category, streams } from '@orderstream/contracts';
import { type Consumer, type DeliveredEvent, consumerOf, type PassedOver } from '@orderstream/messaging';
import type { EntitySchema } from 'typeorm';
import type { Transaction } from './database.ts';

/**
 * Turns decoded events into rows: one call with many events, in the order of their partition.
 *
 * @param passedOver events in between that are not for this build, for rows that have a revision.
 */
export type Apply<Event> = (
  transaction: Transaction,
  events: readonly DeliveredEvent<Event>[],
  passedOver: readonly PassedOver[],
) => Promise<void>;

/** An event's place in its stream. */
export type StreamEvent = Pick<DeliveredEvent, 'event' | 'stream' | 'revision'>;

/** Rows as `apply` leaves them in Postgres, by the text of their key. */
export type RowsInMemory = Map<string, Readonly<Record<string, unknown>>>;

/** A table that follows from the events of one kind of stream. */
export interface ProjectedTable {
  readonly name: string;
  readonly category: Category;
  readonly entity: EntitySchema;
  /** What `Projections.project` calls. It may get events of other kinds of streams, too. */
  readonly apply: Apply<DeliveredEvent['event']>;
  /** The same as `apply`, on rows in memory. */
  project(rows: RowsInMemory, events: readonly StreamEvent[]): void;
}

/** A consumer that turns events into rows. */
export interface Projection extends Consumer {
  readonly kind: 'projection';
  readonly tables: readonly ProjectedTable[];
  /** Called with the events of a batch once their rows are written. */
  readonly applied?: (events: readonly DeliveredEvent[]) => void;
}

/** A read model: the tables that one consumer writes. Topics have no order between each other, so a table has one kind of stream. */
export function projectionOf(name: string, ...tables: readonly ProjectedTable[]): Projection {
  const topics = new Set(tables.map(({ category }) => streams[category].topic));
  return { ...consumerOf('projection', name, ...topics), kind: 'projection', tables };
}

/** What rows of a table hold when they are read. */
export type RowOfTable<Of extends ProjectedTable> = Of['entity'] extends EntitySchema<infer Row> ? Row : never;

export function isProjection(consumer: Consumer): consumer is Projection {
  return consumer.kind === 'projection';
}
