import type { StoredEvent } from '@orderstream/event-sourcing';
import type { ServiceDatabase } from '../consumers.ts';
import type { Row } from './discrepancy.ts';

/** A table, and what its rows must be by the events alone. Written apart from the services' projections, on purpose. */
export interface ExpectedTable {
  readonly group: string;
  readonly database: ServiceDatabase;
  readonly table: string;
  /** What is claimed of it. */
  readonly title: string;
  /** Gives the columns to compare, and `key`. */
  readonly sql: string;
  /** The rows that the events amount to, by key. */
  expected(events: readonly StoredEvent[]): Map<string, Row>;
}
