import type { StoredEvent } from '@orderstream/event-sourcing';
import type { DecodedValue } from '@orderstream/kafka';
import { type Offence, type Row, compareRows } from './offence.ts';
import type { TopicRecord } from './topic-record.ts';

/** What a topic says of a fact is what the store says, field by field, read with the schema that the registry has. */
export async function checkContents(
  facts: readonly StoredEvent[],
  records: readonly TopicRecord[],
  decode: (values: readonly (Buffer | null)[]) => Promise<readonly DecodedValue[]>,
): Promise<Offence[]> {
  const stored = new Map(facts.map((fact) => [fact.id, fact]));
  // A record that no fact explains is another check's offence.
  const explained = records.flatMap(({ eventId, value }) => {
    const fact = eventId === null ? undefined : stored.get(eventId);
    return fact === undefined ? [] : [{ fact, value }];
  });
  const decoded = await decode(explained.map(({ value }) => value));
  return explained.flatMap(({ fact, value }, index) => {
    const subject = `${fact.stream}@${fact.revision}`;
    const { event, undecodable } = decoded[index]!;
    if (event === undefined)
      return [{ check: 'contents', subject, detail: `can't be read on its topic: ${undecodable} (${value?.length ?? 0} bytes)` }];
    const row = ({ type, data }: { readonly type: string; readonly data: object }): ReadonlyMap<string, Row> =>
      new Map([[subject, { type, ...data }]]);
    return compareRows('contents', row(fact.event), row(event));
  });
}
