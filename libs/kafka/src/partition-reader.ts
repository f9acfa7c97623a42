import { DependencyUnavailable } from '@orderstream/messaging';
import type { Kafka, KafkaMessage } from 'kafkajs';
import { type Broker, type Cluster, clusterOf, readCommitted } from './kafkajs-internals.ts';

const READ_COMMITTED = 1;
/** Small, so that a slow connection brings each answer well within the client's limit for a request. */
const FETCH_BYTES = 256 * 1024;
const WAIT_MS = 50;
const SILENT_FOR_MS = 10_000;

/**
 * Reads ranges of one partition, in order, as a read-committed reader sees them. kafkajs' consumer reads only as a
 * member of a group, from one place on, and does not show markers.
 */
export class PartitionReader {
  readonly #cluster: Cluster;
  readonly #topic: string;
  readonly #partition: number;

  private constructor(cluster: Cluster, topic: string, partition: number) {
    this.#cluster = cluster;
    this.#topic = topic;
    this.#partition = partition;
  }

  /** Connects, runs what reads and disconnects. @throws DependencyUnavailable */
  static async use<T>(kafka: Kafka, topic: string, partition: number, read: (reader: PartitionReader) => Promise<T>): Promise<T> {
    const cluster = clusterOf(kafka);
    try {
      await cluster.connect();
      await cluster.addMultipleTargetTopics([topic]);
      return await read(new PartitionReader(cluster, topic, partition));
    } catch (fault) {
      throw new DependencyUnavailable('kafka', fault);
    } finally {
      await cluster.disconnect().catch(() => {});
    }
  }

  /** Where the partition begins. */
  async earliest(): Promise<bigint> {
    const [answer] = await this.#cluster.fetchTopicsOffset([
      { topic: this.#topic, partitions: [{ partition: this.#partition }], fromBeginning: true },
    ]);
    return BigInt(answer!.partitions[0]!.offset);
  }

  /** The committed records from an offset on and before another one, where there must be some. */
  async *between(from: bigint, to: bigint): AsyncGenerator<KafkaMessage> {
    let [offset, heardAt] = [from, performance.now()];
    while (offset < to) {
      const fetched = await this.#fetch(offset);
      if (fetched === null) {
        // What is committed becomes visible only with its marker, a moment later.
        if (performance.now() - heardAt > SILENT_FOR_MS)
          throw new Error(`nothing of ${this.#topic} from offset ${offset} on for ${SILENT_FOR_MS} ms`);
        continue;
      }
      heardAt = performance.now();
      for (const message of fetched.messages) if (BigInt(message.offset) < to) yield message;
      offset = fetched.next;
    }
  }

  async #fetch(offset: bigint): Promise<ReturnType<typeof readCommitted>> {
    const leader = await this.#leader();
    const { responses } = await leader.fetch({
      isolationLevel: READ_COMMITTED,
      maxWaitTime: WAIT_MS,
      maxBytes: FETCH_BYTES,
      topics: [{ topic: this.#topic, partitions: [{ partition: this.#partition, fetchOffset: String(offset), maxBytes: FETCH_BYTES }] }],
    });
    const fetched = responses[0]?.partitions[0];
    return fetched === undefined ? null : readCommitted(this.#topic, offset, fetched);
  }

  async #leader(): Promise<Broker> {
    const metadata = this.#cluster.findTopicPartitionMetadata(this.#topic).find(({ partitionId }) => partitionId === this.#partition);
    if (metadata === undefined) throw new Error(`topic ${this.#topic} has no partition ${this.#partition}`);
    return this.#cluster.findBroker({ nodeId: metadata.leader });
  }
}
