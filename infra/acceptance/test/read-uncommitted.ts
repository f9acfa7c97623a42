import { randomUUID } from 'node:crypto';
import type { Admin, Kafka } from 'kafkajs';

export interface UncommittedReader {
  /** Whether the topic has records outside of any committed transaction: one is open there. */
  sees(admin: Admin): Promise<boolean>;
  close(): Promise<void>;
}

/** Follows a topic regardless of transactions, beside its read-committed readers. */
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
    // For kafkajs, a topic ends at the last stable offset: the first one of an open transaction.
    sees: async (admin) =>
      (await admin.fetchTopicOffsets(topic)).some(({ partition, high }) => (seen.get(partition) ?? -1n) >= BigInt(high)),
    close: () => consumer.disconnect(),
  };
}
