import { type Category, streams } from '@orderstream/contracts';
import { type Consumer, type DeliveredEvent, type ModelTable, type ReadModel, consumerOf } from '@orderstream/messaging';
import type { EntitySchema } from 'typeorm';
import type { Transaction } from './database.ts';

/** An event's place in its stream. */
export type StreamEvent = Pick<DeliveredEvent, 'event' | 'stream' | 'revision'>;

/** Rows as `apply` leaves them in Postgres, by the text of their key. */
export type RowsInMemory = Map<string, Readonly<Record<string, unknown>>>;

/** A table that follows from the events of one kind of stream. */
export interface ProjectedTable extends ModelTable<Transaction> {
  readonly name: string;
  readonly category: Category;
  readonly entity: EntitySchema;
  /** The same as `apply`, on rows in memory. */
  project(rows: RowsInMemory, events: readonly StreamEvent[]): void;
}

/** What turns events into rows: one of the read models that a service's consumer of read models writes. */
export interface Projection extends Consumer, ReadModel<Transaction> {
  readonly kind: 'projection';
  readonly topics: Consumer['topics'];
  readonly tables: readonly ProjectedTable[];
}

/** A read model: the tables that share a position. Topics have no order between each other, so a table has one kind of stream. */
export function projectionOf(name: string, ...tables: readonly ProjectedTable[]): Projection {
  const topics = new Set(tables.map(({ category }) => streams[category].topic));
  return { ...consumerOf('projection', name, ...topics), kind: 'projection', tables };
}

/** What rows of a table hold when they are read. */
export type RowOfTable<Of extends ProjectedTable> = Of['entity'] extends EntitySchema<infer Row> ? Row : never;

export function isProjection(consumer: Consumer): consumer is Projection {
  return consumer.kind === 'projection';
}
