import type { StoredEvent } from '@orderstream/event-sourcing';
import type { Database } from '../consumers.ts';
import type { Platform } from '../platform.ts';
import { additiveModels } from './additive-models.ts';
import { type Offence, type Row, compareRows } from './offence.ts';
import { rowModels } from './row-models.ts';
import type { TopicRecord } from './topics.ts';

/** A table, and what its rows must be by the facts alone. Written apart from the services' projections, on purpose. */
export interface ReadModel {
  readonly group: string;
  readonly database: Database;
  readonly table: string;
  /** What is claimed of it. */
  readonly title: string;
  /** Gives the columns to compare, and `key`. */
  readonly sql: string;
  /** The rows that the facts amount to, by key. */
  expected(facts: readonly StoredEvent[]): Map<string, Row>;
}

export const readModels: readonly ReadModel[] = [...rowModels, ...additiveModels];

/** `parked` has the places of the records that the model's group set aside: what they say is not in the rows. */
export async function checkReadModel(
  platform: Platform,
  model: ReadModel,
  { facts, records }: { readonly facts: readonly StoredEvent[]; readonly records: readonly TopicRecord[] },
  parked: ReadonlySet<string>,
): Promise<Offence[]> {
  const setAside = new Set(
    records
      .filter(({ topic, partition, offset }) => parked.has(`${topic}/${partition}@${offset}`))
      .map(({ eventId }) => eventId),
  );
  const rows = await platform.query<Row & { readonly key: string }>(model.database, model.sql);
  const actual = new Map(rows.map(({ key, ...row }) => [key, row]));
  return compareRows(model.table, model.expected(facts.filter(({ id }) => !setAside.has(id))), actual);
}
