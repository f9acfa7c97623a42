import type { StoredEvent } from '@orderstream/event-sourcing';
import type { Platform } from '../platform.ts';
import { additiveModels } from './additive-models.ts';
import { type Offence, type Row, compareRows } from './offence.ts';
import type { ReadModel } from './read-model.ts';
import { rowModels } from './row-models.ts';
import type { TopicRecord } from './topic-record.ts';

export const readModels: readonly ReadModel[] = [...rowModels, ...additiveModels];

/** `parked` has the places of the records that the model's group set aside: what they say is not in the rows. */
export async function checkReadModel(
  platform: Platform,
  model: ReadModel,
  { events, records }: { readonly events: readonly StoredEvent[]; readonly records: readonly TopicRecord[] },
  parked: ReadonlySet<string>,
): Promise<Offence[]> {
  const setAside = new Set(
    records.filter(({ topic, partition, offset }) => parked.has(`${topic}/${partition}@${offset}`)).map(({ eventId }) => eventId),
  );
  const rows = await platform.query<Row & { readonly key: string }>(model.database, model.sql);
  const actual = new Map(rows.map(({ key, ...row }) => [key, row]));
  return compareRows(model.table, model.expected(events.filter(({ id }) => !setAside.has(id))), actual);
}
