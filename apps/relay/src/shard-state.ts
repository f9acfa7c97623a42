import { randomUUID } from 'node:crypto';
import type { StoredEvent } from '@orderstream/event-sourcing';
import type { CheckpointRecord, TransactionalProducer } from '@orderstream/kafka';
import { DependencyUnavailable } from '@orderstream/messaging';
import type { Kafka, KafkaMessage, Message } from 'kafkajs';
import { type Checkpoint, fromJson, toJson } from './checkpoint.ts';
import type { Shard } from './shard.ts';

/** What a shard's partition of the state topic says. */
export interface ShardState {
  /** null: no relay of this shard has ever started. */
  readonly checkpoint: Checkpoint | null;
  /** The first parked revision of each stream that has one: what they store later is parked behind it. */
  readonly firstParked: ReadonlyMap<string, number>;
}

const PARKED = 'parked/';
const RECOVERY = 'recovery';
const SILENT_FOR_MS = 10_000;

export function checkpointRecord(checkpoint: Checkpoint, shard: Shard): CheckpointRecord {
  return stateRecord(shard, shard.name, toJson(checkpoint));
}

/** The log has the event itself; this says where, and why it is not on its topic. Never compacted away: the key is its own. */
export function parkedMessage({ stream, revision, id, event }: StoredEvent, position: bigint, cause: string, shard: Shard): Message {
  const value = { stream, revision, id, type: event.type, position: String(position), cause };
  return stateRecord(shard, `${PARKED}${stream}@${revision}`, JSON.stringify(value)).message;
}

/**
 * Reads the shard's partition to its end. Nobody else writes there once the producer has fenced, but
 * the end can't be told by its offset: it may be a transaction's marker, which no consumer gets. So
 * the producer commits a record of its own, and reading ends with that.
 *
 * @throws DependencyUnavailable
 */
export async function readState(kafka: Kafka, producer: TransactionalProducer, shard: Shard): Promise<ShardState> {
  const own = randomUUID();
  await producer.commit(stateRecord(shard, RECOVERY, own), []);
  let checkpoint: string | null = null;
  const firstParked = new Map<string, number>();
  await consumeUntil(kafka, shard, (message) => {
    const key = message.key?.toString() ?? '';
    const value = message.value?.toString() ?? null;
    if (key === shard.name) checkpoint = value;
    else if (key.startsWith(PARKED)) {
      const [stream, revision] = [key.slice(PARKED.length, key.lastIndexOf('@')), Number(key.slice(key.lastIndexOf('@') + 1))];
      firstParked.set(stream, Math.min(revision, firstParked.get(stream) ?? revision));
    }
    return key === RECOVERY && value === own;
  });
  return { checkpoint: checkpoint === null ? null : fromJson(checkpoint), firstParked };
}

function stateRecord({ stateTopic, statePartition }: Shard, key: string, value: string): CheckpointRecord {
  return { topic: stateTopic, message: { key, value, partition: statePartition } };
}

/** kafkajs reads only as a member of a group. This one is nobody else's, and commits nothing. */
async function consumeUntil(kafka: Kafka, shard: Shard, isLast: (message: KafkaMessage) => boolean): Promise<void> {
  const consumer = kafka.consumer({
    groupId: `${shard.transactionalId}-recovery-${randomUUID()}`,
    maxWaitTimeInMs: 50,
    readUncommitted: false,
    allowAutoTopicCreation: false,
  });
  let timer: NodeJS.Timeout | undefined;
  try {
    await consumer.connect();
    await consumer.subscribe({ topics: [shard.stateTopic], fromBeginning: true });
    await new Promise<void>((resolve, reject) => {
      const heard = (): void => {
        clearTimeout(timer);
        timer = setTimeout(() => reject(new Error(`nothing of ${shard.stateTopic} for ${SILENT_FOR_MS} ms`)), SILENT_FOR_MS);
      };
      heard();
      consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
      consumer
        .run({
          autoCommit: false,
          eachBatch: async ({ batch: { partition, messages } }) => {
            heard();
            if (partition === shard.statePartition && messages.some(isLast)) resolve();
          },
        })
        .catch(reject);
    });
  } catch (fault) {
    throw new DependencyUnavailable('kafka', fault);
  } finally {
    clearTimeout(timer);
    await consumer.disconnect().catch(() => {});
  }
}
