import type { StoredEvent } from '@orderstream/event-sourcing';
import type { DecodedValue } from '@orderstream/kafka';
import { type Discrepancy, type Row, compareRows } from './discrepancy.ts';
import type { ObservedRecord } from './observed-record.ts';

/** A topic says about an event what the store says, field by field, read with the registry's schema. */
export async function checkContents(
  events: readonly StoredEvent[],
  records: readonly ObservedRecord[],
  decode: (topic: string, values: readonly (Buffer | null)[]) => Promise<readonly DecodedValue[]>,
): Promise<Discrepancy[]> {
  const byId = new Map(events.map((stored) => [stored.id, stored]));
  // Records that no event explains are found by another check.
  const explained = records.flatMap(({ topic, eventId, value }) => {
    const stored = eventId === null ? undefined : byId.get(eventId);
    return stored === undefined ? [] : [{ topic, stored, value }];
  });
  const discrepancies: Discrepancy[] = [];
  for (const [topic, ofTopic] of Map.groupBy(explained, (each) => each.topic)) {
    const decoded = await decode(
      topic,
      ofTopic.map(({ value }) => value),
    );
    discrepancies.push(...ofTopic.flatMap(({ stored, value }, index) => discrepanciesOf(stored, value, decoded[index]!)));
  }
  return discrepancies;
}

function discrepanciesOf(stored: StoredEvent, value: Buffer | null, { event, foreignType, undecodable }: DecodedValue): Discrepancy[] {
  const subject = `${stored.stream}@${stored.revision}`;
  if (event === undefined) {
    const why = undecodable ?? `it is a ${foreignType}, which this release doesn't know`;
    return [{ check: 'contents', subject, detail: `can't be read on its topic: ${why} (${value?.length ?? 0} bytes)` }];
  }
  const row = ({ type, data }: { readonly type: string; readonly data: object }): ReadonlyMap<string, Row> =>
    new Map([[subject, { type, ...data }]]);
  return compareRows('contents', row(stored.event), row(event));
}
