import { type Topic, categoryOf, streams } from '@orderstream/contracts';
import type { StoredEvent } from '@orderstream/event-sourcing';
import type { Offence } from './offence.ts';
import type { TopicRecord } from './topic-record.ts';

/** Every stored fact is once on its topic, in the order of its stream, and nothing else is there. */
export function checkTopics(facts: readonly StoredEvent[], records: readonly TopicRecord[]): Offence[] {
  const offences: Offence[] = [];
  const stored = new Map(facts.map((fact) => [fact.id, fact]));
  const places = new Map<string, string>();
  const nextRevision = new Map<string, number>();
  const partitionOf = new Map<string, number>();
  for (const record of records) {
    const place = `${record.topic}/${record.partition}@${record.offset}`;
    const fact = record.eventId === null ? undefined : stored.get(record.eventId);
    if (fact === undefined) {
      offences.push({ check: 'topics', subject: place, detail: 'no stored event explains this record' });
      continue;
    }
    const earlier = places.get(fact.id);
    if (earlier !== undefined) {
      offences.push({ check: 'topics', subject: `${fact.stream}@${fact.revision}`, detail: `is at ${earlier} and again at ${place}` });
      continue;
    }
    places.set(fact.id, place);
    if (topicOf(fact.stream) !== record.topic) {
      offences.push({ check: 'topics', subject: `${fact.stream}@${fact.revision}`, detail: `is on the wrong topic, ${record.topic}` });
    }
    const due = nextRevision.get(fact.stream) ?? 0;
    if (record.stream !== fact.stream || record.revision !== due || fact.revision !== due) {
      offences.push({
        check: 'topics',
        subject: place,
        detail: `${record.stream}@${record.revision} came where ${fact.stream}@${due} was due`,
      });
    }
    nextRevision.set(fact.stream, fact.revision + 1);
    const partition = partitionOf.get(fact.stream) ?? record.partition;
    partitionOf.set(fact.stream, partition);
    if (partition !== record.partition) {
      offences.push({ check: 'topics', subject: fact.stream, detail: `is on partitions ${partition} and ${record.partition}` });
    }
  }
  for (const fact of facts) {
    if (!places.has(fact.id)) {
      offences.push({
        check: 'topics',
        subject: `${fact.stream}@${fact.revision}`,
        detail: `${fact.event.type} is not on ${topicOf(fact.stream)}`,
      });
    }
  }
  return offences;
}

function topicOf(stream: string): Topic | undefined {
  const category = categoryOf(stream);
  return category === null ? undefined : streams[category].topic;
}
