import type { Kafka } from 'kafkajs';
import { type Cluster, clusterOf } from './kafkajs-internals.ts';

/** By topic and partition: the offset behind the last record that is known to have been there. */
export type PartitionEnds = Readonly<Record<string, readonly number[]>>;

/** Records that were written are not there any more. No waiting brings them back. */
export class RecordsLost extends Error {
  override readonly name = 'RecordsLost';
  constructor(topic: string, partition: number, found: number, known: number) {
    super(
      `topic ${topic} was deleted, recreated or truncated: partition ${partition} ends at ${found}, and records up to ${known} had been written`,
    );
  }
}

/** @throws RecordsLost when a partition is shorter than it was. */
export function checkNothingLost(known: PartitionEnds, found: PartitionEnds): void {
  for (const [topic, ends] of Object.entries(known)) {
    for (const [partition, end] of ends.entries()) {
      const now = found[topic]?.[partition] ?? 0;
      if (now < end) throw new RecordsLost(topic, partition, now, end);
    }
  }
}

/** Asks again and again where topics end, over connections that stay open. */
export class PartitionEndsReader {
  readonly #kafka: Kafka;
  #cluster: Promise<Cluster> | null = null;

  constructor(kafka: Kafka) {
    this.#kafka = kafka;
  }

  /** Where they end now, including the records of open transactions. @throws what kafkajs throws, of a topic that is missing too. */
  async read(topics: readonly string[]): Promise<PartitionEnds> {
    this.#cluster ??= connected(this.#kafka);
    try {
      const cluster = await this.#cluster;
      await cluster.addMultipleTargetTopics(topics);
      const questions = topics.map((topic) => ({
        topic,
        partitions: cluster.findTopicPartitionMetadata(topic).map(({ partitionId }) => ({ partition: partitionId })),
        fromBeginning: false,
      }));
      const answers = await cluster.fetchTopicsOffset(questions);
      return Object.fromEntries(answers.map(({ topic, partitions }) => [topic, endsOf(partitions)]));
    } catch (fault) {
      // Leaders may have moved: the next question reloads the metadata.
      await this.close();
      throw fault;
    }
  }

  async close(): Promise<void> {
    const cluster = this.#cluster;
    this.#cluster = null;
    await cluster?.then((open) => open.disconnect()).catch(() => {});
  }
}

async function connected(kafka: Kafka): Promise<Cluster> {
  const cluster = clusterOf(kafka);
  await cluster.connect();
  return cluster;
}

function endsOf(partitions: readonly { readonly partition: number; readonly offset: string }[]): number[] {
  const ends: number[] = [];
  for (const { partition, offset } of partitions) ends[partition] = Number(offset);
  return ends;
}
