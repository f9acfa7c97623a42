import type { StoredEvent } from '@orderstream/event-sourcing';
import type { DecodedValue } from '@orderstream/kafka';
import { type Offence, type Row, compareRows } from './offence.ts';
import type { TopicRecord } from './topic-record.ts';

/** What a topic says of a fact is what the store says, field by field, read with the schema that the registry has. */
export async function checkContents(
  facts: readonly StoredEvent[],
  records: readonly TopicRecord[],
  decode: (topic: string, values: readonly (Buffer | null)[]) => Promise<readonly DecodedValue[]>,
): Promise<Offence[]> {
  const stored = new Map(facts.map((fact) => [fact.id, fact]));
  // A record that no fact explains is another check's offence.
  const explained = records.flatMap(({ topic, eventId, value }) => {
    const fact = eventId === null ? undefined : stored.get(eventId);
    return fact === undefined ? [] : [{ topic, fact, value }];
  });
  const offences: Offence[] = [];
  for (const [topic, ofTopic] of Map.groupBy(explained, (each) => each.topic)) {
    const decoded = await decode(
      topic,
      ofTopic.map(({ value }) => value),
    );
    offences.push(...ofTopic.flatMap(({ fact, value }, index) => offencesOf(fact, value, decoded[index]!)));
  }
  return offences;
}

function offencesOf(fact: StoredEvent, value: Buffer | null, { event, foreignType, undecodable }: DecodedValue): Offence[] {
  const subject = `${fact.stream}@${fact.revision}`;
  if (event === undefined) {
    const why = undecodable ?? `it is a ${foreignType}, which this release doesn't know`;
    return [{ check: 'contents', subject, detail: `can't be read on its topic: ${why} (${value?.length ?? 0} bytes)` }];
  }
  const row = ({ type, data }: { readonly type: string; readonly data: object }): ReadonlyMap<string, Row> =>
    new Map([[subject, { type, ...data }]]);
  return compareRows('contents', row(fact.event), row(event));
}
