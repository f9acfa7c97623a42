import { type Topic, categoryOf, streams } from '@orderstream/contracts';
import type { StoredEvent } from '@orderstream/event-sourcing';
import type { Discrepancy } from './discrepancy.ts';
import type { ObservedRecord } from './observed-record.ts';

/** Every stored event is once on its topic, in the order of its stream, and nothing else is there. */
export function checkTopics(events: readonly StoredEvent[], records: readonly ObservedRecord[]): Discrepancy[] {
  const discrepancies: Discrepancy[] = [];
  const byId = new Map(events.map((stored) => [stored.id, stored]));
  const places = new Map<string, string>();
  const nextRevision = new Map<string, number>();
  const partitionOf = new Map<string, number>();
  for (const record of records) {
    const place = `${record.topic}/${record.partition}@${record.offset}`;
    const stored = record.eventId === null ? undefined : byId.get(record.eventId);
    if (stored === undefined) {
      discrepancies.push({ check: 'topics', subject: place, detail: 'no stored event explains this record' });
      continue;
    }
    const earlier = places.get(stored.id);
    if (earlier !== undefined) {
      discrepancies.push({
        check: 'topics',
        subject: `${stored.stream}@${stored.revision}`,
        detail: `is at ${earlier} and again at ${place}`,
      });
      continue;
    }
    places.set(stored.id, place);
    if (topicOf(stored.stream) !== record.topic) {
      discrepancies.push({
        check: 'topics',
        subject: `${stored.stream}@${stored.revision}`,
        detail: `is on the wrong topic, ${record.topic}`,
      });
    }
    const due = nextRevision.get(stored.stream) ?? 0;
    if (record.stream !== stored.stream || record.revision !== due || stored.revision !== due) {
      discrepancies.push({
        check: 'topics',
        subject: place,
        detail: `${record.stream}@${record.revision} came where ${stored.stream}@${due} was due`,
      });
    }
    nextRevision.set(stored.stream, stored.revision + 1);
    const partition = partitionOf.get(stored.stream) ?? record.partition;
    partitionOf.set(stored.stream, partition);
    if (partition !== record.partition) {
      discrepancies.push({ check: 'topics', subject: stored.stream, detail: `is on partitions ${partition} and ${record.partition}` });
    }
  }
  for (const stored of events) {
    if (!places.has(stored.id)) {
      discrepancies.push({
        check: 'topics',
        subject: `${stored.stream}@${stored.revision}`,
        detail: `${stored.event.type} is not on ${topicOf(stored.stream)}`,
      });
    }
  }
  return discrepancies;
}

function topicOf(stream: string): Topic | undefined {
  const category = categoryOf(stream);
  return category === null ? undefined : streams[category].topic;
}
