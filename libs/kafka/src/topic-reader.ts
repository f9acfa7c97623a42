import { randomUUID } from 'node:crypto';
import { type BatchRecord, DependencyUnavailable } from '@orderstream/messaging';
import type { Consumer, Kafka } from 'kafkajs';
import type { SchemaRegistryCodec } from './codec.ts';
import { toBatchRecords } from './record.ts';
import { askKafka, boundsOf } from './topics.ts';

export type TopicRecord = BatchRecord & { readonly partition: number };

export interface ReadTopicOptions {
  /** Goes on with what comes later, until the signal. */
  readonly follow?: boolean;
  readonly signal?: AbortSignal;
}

const HEARTBEAT_CHECK_MS = 500;

/**
 * Reads a topic from its beginning to its end at the time of the call or a little further, as a read-committed
 * consumer sees it; the records of one partition come in order. A partition ends at an open transaction: what lies
 * behind it is not visible yet.
 *
 * @throws DependencyUnavailable when Kafka or the schema registry does not answer.
 */
export async function* readTopic(
  kafka: Kafka,
  codec: SchemaRegistryCodec,
  topic: string,
  { follow = false, signal }: ReadTopicOptions = {},
): AsyncGenerator<TopicRecord> {
  const bounds = await askKafka(kafka, (admin) => boundsOf(admin, topic));
  const unread = new Map(bounds.filter(({ low, high }) => low < high).map(({ partition, high }) => [partition, high]));
  if (unread.size === 0 && !follow) return;

  const group = `reader-${randomUUID()}`;
  const consumer = kafka.consumer({ groupId: group, maxWaitTimeInMs: 100, allowAutoTopicCreation: false, readUncommitted: false });
  const handover = new Handover();
  const stop = (): void => handover.end();
  signal?.addEventListener('abort', stop);
  if (signal?.aborted === true) stop();
  /** The last stable offset may be behind a marker, which is never delivered: the end is how far was read, not the last record. */
  const passed = (partition: number, nextOffset: bigint): void => {
    if (nextOffset >= (unread.get(partition) ?? 0n)) unread.delete(partition);
    if (unread.size === 0 && !follow) handover.end();
  };
  followMember(consumer, topic, passed, handover);
  try {
    await connected(consumer, topic);
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      eachBatch: async (given) => {
        const { batch } = given;
        const beating = setInterval(() => void given.heartbeat().catch(() => {}), HEARTBEAT_CHECK_MS);
        try {
          const records = await toBatchRecords(topic, batch.messages, codec);
          await handover.give(records.map((record) => ({ ...record, partition: batch.partition })));
          given.resolveOffset(batch.lastOffset());
          passed(batch.partition, BigInt(batch.lastOffset()) + 1n);
        } catch (fault) {
          handover.fail(fault);
        } finally {
          clearInterval(beating);
        }
      },
    });
    yield* handover.taken();
  } finally {
    // The signal may belong to something that lives on.
    signal?.removeEventListener('abort', stop);
    handover.end();
    await consumer.disconnect().catch(() => {});
    await askKafka(kafka, (admin) => admin.deleteGroups([group])).catch(() => {});
  }
}

async function connected(consumer: Consumer, topic: string): Promise<void> {
  try {
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
  } catch (fault) {
    throw new DependencyUnavailable('kafka', fault);
  }
}

/** What eachBatch does not see: batches of markers only, and the end or a new beginning of the membership. */
function followMember(
  consumer: Consumer,
  topic: string,
  passed: (partition: number, nextOffset: bigint) => void,
  handover: Handover,
): void {
  const nextOffsets = new Map<number, string>();
  consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload: { partition, batchSize, lastOffset } }) => {
    nextOffsets.set(partition, String(BigInt(lastOffset) + 1n));
    if (batchSize === 0) passed(partition, BigInt(lastOffset) + 1n);
  });
  // Nothing is committed, so a member that had to join again would begin anew.
  consumer.on(consumer.events.GROUP_JOIN, () => {
    for (const [partition, offset] of nextOffsets) consumer.seek({ topic, partition, offset });
  });
  consumer.on(consumer.events.CRASH, ({ payload: { error } }) => handover.fail(new DependencyUnavailable('kafka', error)));
}

/** Hands batches from eachBatch to the iterator, one at a time: the next is fetched when this one has been taken. */
class Handover {
  #batch: readonly TopicRecord[] = [];
  #taken = Promise.withResolvers<void>();
  #given = Promise.withResolvers<void>();
  #ended = false;
  #fault: unknown = null;

  constructor() {
    this.#taken.resolve();
  }

  async give(batch: readonly TopicRecord[]): Promise<void> {
    await this.#taken.promise;
    if (this.#ended) return;
    this.#batch = batch;
    this.#taken = Promise.withResolvers();
    this.#given.resolve();
    await this.#taken.promise;
  }

  end(): void {
    this.#ended = true;
    this.#taken.resolve();
    this.#given.resolve();
  }

  fail(fault: unknown): void {
    this.#fault = fault;
    this.end();
  }

  async *taken(): AsyncGenerator<TopicRecord> {
    while (true) {
      await this.#given.promise;
      const batch = this.#batch;
      this.#batch = [];
      yield* batch;
      if (this.#fault !== null) throw this.#fault;
      if (this.#ended) return;
      this.#given = Promise.withResolvers();
      this.#taken.resolve();
    }
  }
}
