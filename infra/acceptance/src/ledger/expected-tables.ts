import type { StoredEvent } from '@orderstream/event-sourcing';
import type { Platform } from '../platform.ts';
import { additiveModels } from './additive-models.ts';
import { type Discrepancy, type Row, compareRows } from './discrepancy.ts';
import type { ExpectedTable } from './expected-table.ts';
import type { ObservedRecord } from './observed-record.ts';
import { rowModels } from './row-models.ts';

export const expectedTables: readonly ExpectedTable[] = [...rowModels, ...additiveModels];

/** `parked` has the places of the records that the model's group set aside: the rows lack them. */
export async function checkTable(
  platform: Platform,
  model: ExpectedTable,
  { events, records }: { readonly events: readonly StoredEvent[]; readonly records: readonly ObservedRecord[] },
  parked: ReadonlySet<string>,
): Promise<Discrepancy[]> {
  const setAside = new Set(
    records.filter(({ topic, partition, offset }) => parked.has(`${topic}/${partition}@${offset}`)).map(({ eventId }) => eventId),
  );
  const rows = await platform.query<Row & { readonly key: string }>(model.database, model.sql);
  const actual = new Map(rows.map(({ key, ...row }) => [key, row]));
  return compareRows(model.table, model.expected(events.filter(({ id }) => !setAside.has(id))), actual);
}
