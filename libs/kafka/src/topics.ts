import { topics as contractTopics } from '@orderstream/contracts';
import { DependencyUnavailable } from '@orderstream/messaging';
import type { Admin, Kafka } from 'kafkajs';
import type { PartitionBounds } from './assigned-partition.ts';

/** Runs questions to the cluster over a connection of their own. @throws DependencyUnavailable */
export async function askKafka<T>(kafka: Kafka, ask: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = kafka.admin();
  try {
    await admin.connect();
    return await ask(admin);
  } catch (fault) {
    throw new DependencyUnavailable('kafka', fault);
  } finally {
    await admin.disconnect().catch(() => {});
  }
}

/** The offsets that each partition holds. Another producer's open transaction hides committed records behind it. */
export async function boundsOf(admin: Admin, topic: string): Promise<PartitionBounds[]> {
  // kafkajs asks as a read-committed reader, so `high` is the last stable offset.
  const offsets = await admin.fetchTopicOffsets(topic);
  return offsets.map(({ partition, low, high }) => ({ partition, low: BigInt(low), high: BigInt(high) }));
}

/** How many partitions each of these topics has; a topic that does not exist has none. */
export async function partitionCounts(admin: Admin, topics: readonly string[]): Promise<ReadonlyMap<string, number>> {
  // Asked for a topic that is missing, kafkajs would repeat the question for seconds.
  const existing = new Set(await admin.listTopics());
  const known = topics.filter((topic) => existing.has(topic));
  const counts = new Map<string, number>(topics.map((topic) => [topic, 0]));
  if (known.length === 0) return counts;
  const metadata = await admin.fetchTopicMetadata({ topics: known });
  for (const { name, partitions } of metadata.topics) counts.set(name, partitions.length);
  return counts;
}

/** Why these topics can't be consumed: they are missing, or a key's order would not be what the contract says. */
export function topicProblem(counts: ReadonlyMap<string, number>): string | null {
  for (const [topic, count] of counts) {
    if (count === 0) return `topic ${topic} does not exist: run \`npm run deploy\``;
    const contract = topic in contractTopics ? contractTopics[topic as keyof typeof contractTopics] : undefined;
    if (contract !== undefined && contract.partitions !== count) {
      return `topic ${topic} has ${count} partitions and its contract says ${contract.partitions}: run \`npm run deploy\`, which says more`;
    }
  }
  return null;
}
