import type { StoredEvent } from '@orderstream/event-sourcing';
import type { Database } from '../consumers.ts';
import type { Row } from './offence.ts';

/** A table, and what its rows must be by the events alone. Written apart from the services' projections, on purpose. */
export interface ReadModel {
  readonly group: string;
  readonly database: Database;
  readonly table: string;
  /** What is claimed of it. */
  readonly title: string;
  /** Gives the columns to compare, and `key`. */
  readonly sql: string;
  /** The rows that the events amount to, by key. */
  expected(events: readonly StoredEvent[]): Map<string, Row>;
}
