import { categoryOf } from '@orderstream/contracts';
import type { StoredEvent } from '@orderstream/event-sourcing';
import type { KafkaCluster } from '../kafka/cluster.ts';
import { eventTopics, shard } from './surroundings.ts';

interface Published {
  readonly stream: string;
  readonly id: string;
  readonly place: string;
}

/** The events of the log that belong on a topic. */
export function carried(log: readonly StoredEvent[]): StoredEvent[] {
  return log.filter(({ stream }) => topicOf(stream) !== undefined);
}

function topicOf(stream: string): string | undefined {
  return shard.routes[categoryOf(stream)!];
}

function publishedOn(kafka: KafkaCluster): Published[] {
  return eventTopics.flatMap((topic) =>
    Array.from({ length: kafka.partitionsOf(topic) }, (_, partition) =>
      kafka
        .log(topic, partition)
        .committed()
        .map(({ key, headers }) => ({ stream: String(key), id: String(headers!['ce_id']), place: `${topic}/${partition}` })),
    ).flat(),
  );
}

/** Whether as many records are on the topics as there should be, or more. */
export function isAllPublished(log: readonly StoredEvent[], kafka: KafkaCluster): boolean {
  return publishedOn(kafka).length >= carried(log).length;
}

/** What is wrong on the topics: each event must be there once, in the order of its stream, on one partition; nothing may be parked. */
export function wronglyPublished(log: readonly StoredEvent[], kafka: KafkaCluster): string[] {
  const stored = Map.groupBy(carried(log), ({ stream }) => stream);
  const published = Map.groupBy(publishedOn(kafka), ({ stream }) => stream);
  const wrong: string[] = [];
  for (const stream of new Set([...stored.keys(), ...published.keys()])) {
    const [should, is] = [stored.get(stream) ?? [], published.get(stream) ?? []];
    const revisions = is.map(({ id }) => should.findIndex((event) => event.id === id));
    if (revisions.join() !== should.map((_, revision) => revision).join()) {
      wrong.push(`${stream} has revisions 0 to ${should.length - 1}, and on its topic lie ${revisions.join(' ')}`);
    }
    const places = new Set(is.map(({ place }) => place));
    if (places.size > 1) wrong.push(`${stream} lies on ${[...places].join(' and ')}`);
  }
  const parked = kafka.log(shard.parkedTopic, shard.statePartition).committed();
  return [
    ...wrong,
    ...parked.filter(({ key }) => String(key).startsWith('parked/')).map(({ value }) => `the relay parked ${String(value)}`),
  ];
}
