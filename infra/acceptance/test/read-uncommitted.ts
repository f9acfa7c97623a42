import { randomUUID } from 'node:crypto';
import type { Admin, Kafka } from 'kafkajs';

export interface UncommittedReader {
  /** Whether records lie on the topic that no committed transaction holds: a transaction is open there. */
  sees(admin: Admin): Promise<boolean>;
  close(): Promise<void>;
}

/** Follows a topic without regard to transactions, beside its read-committed readers. */
export async function readUncommitted(kafka: Kafka, topic: string): Promise<UncommittedReader> {
  const consumer = kafka.consumer({ groupId: `uncommitted-${randomUUID()}`, readUncommitted: true, maxWaitTimeInMs: 20 });
  const seen = new Map<number, bigint>();
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachBatch: async ({ batch }) => void seen.set(batch.partition, BigInt(batch.lastOffset())),
  });
  return {
    // For kafkajs, a topic's end is the last stable offset: the first one of a transaction that is open.
    sees: async (admin) =>
      (await admin.fetchTopicOffsets(topic)).some(({ partition, high }) => (seen.get(partition) ?? -1n) >= BigInt(high)),
    close: () => consumer.disconnect(),
  };
}
