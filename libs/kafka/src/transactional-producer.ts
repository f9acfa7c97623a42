import { setTimeout as delay } from 'node:timers/promises';
import { DependencyUnavailable } from '@orderstream/messaging';
import kafkajs, { type Kafka, type Message, type TopicMessages } from 'kafkajs';
import {
  type Broker,
  type Cluster,
  clusterOf,
  findTransactionCoordinator,
  type ProducerIdentity,
  refusal,
  type TopicData,
} from './kafkajs-internals.ts';
import { type PartitionEnds, RecordsLost } from './partition-ends.ts';

/** The record that says how far the producer is. It has a topic of its own. */
export interface CheckpointRecord {
  readonly topic: string;
  readonly message: Message;
}

const MARKERS_PAUSE_MS = 3;
const MARKERS_WITHIN_MS = 5_000;
const ALL_REPLICAS = -1;
/** Less than a client waits for an answer, so that the broker can say what it waited for. */
const REPLICATED_WITHIN_MS = 8_000;
/** A sequence number has 31 bits, and wraps to 0. */
const SEQUENCES = 2 ** 31;

interface Session extends ProducerIdentity {
  readonly coordinator: number;
}

/**
 * Writes records and the checkpoint that covers them in one transaction. Of all producers with one transactional id
 * only the one that fenced last can commit; the others get an error, and nothing of theirs is seen.
 *
 * It speaks Kafka's protocol itself: kafkajs' producer names a transaction's partitions to the
 * coordinator once for each of their leaders, which the coordinator refuses while it still notes the
 * first of them, and looks the coordinator up anew for every request.
 *
 * Of use until its first failure: what became of that transaction is then unknown here. A new producer has to fence
 * and read the checkpoint.
 */
export class TransactionalProducer {
  readonly #cluster: Cluster;
  readonly #transactionalId: string;
  readonly #timeoutMs: number;
  /** Java's: a stream's partition must not depend on who writes it. */
  readonly #partitionOf = kafkajs.Partitioners.JavaCompatiblePartitioner();
  readonly #sequences = new Map<string, number>();
  readonly #ends = new Map<string, number[]>();
  #session: Session | null = null;

  /**
   * @param timeoutMs the broker aborts a transaction that is open for longer; read-committed readers wait that long
   * for a dead producer.
   */
  constructor({
    kafka,
    transactionalId,
    timeoutMs,
  }: {
    readonly kafka: Kafka;
    readonly transactionalId: string;
    readonly timeoutMs: number;
  }) {
    this.#cluster = clusterOf(kafka);
    this.#transactionalId = transactionalId;
    this.#timeoutMs = timeoutMs;
  }

  /** Where the partitions that it knows end, without what others have written since. */
  get ends(): PartitionEnds {
    return Object.fromEntries(this.#ends);
  }

  /** What a predecessor knew. A partition that turns out to be shorter has lost records. */
  expect(ends: PartitionEnds): void {
    for (const [topic, known] of Object.entries(ends)) this.#ends.set(topic, [...known]);
  }

  /**
   * Connects and shuts out every predecessor; a transaction that one of them left open is aborted, one
   * that it was committing is committed, both before this resolves.
   *
   * @throws DependencyUnavailable
   */
  async fence(): Promise<void> {
    const transactionalId = this.#transactionalId;
    try {
      await this.#cluster.connect();
      await this.#cluster.refreshMetadata();
      const coordinator = await findTransactionCoordinator(this.#cluster, transactionalId);
      const { producerId, producerEpoch } = await onceMarkersAreWritten(() =>
        coordinator.initProducerId({ transactionalId, transactionTimeout: this.#timeoutMs }),
      );
      this.#session = { transactionalId, producerId, producerEpoch, coordinator: coordinator.nodeId };
    } catch (fault) {
      throw new DependencyUnavailable('kafka', fault);
    }
  }

  /**
   * One transaction. When it resolves, all of it is committed.
   *
   * @throws RecordsLost: a partition has fewer records than it had, and nothing was committed.
   * @throws DependencyUnavailable: it may be committed or not. After either this producer is of no use any more.
   */
  async commit({ topic, message }: CheckpointRecord, records: readonly TopicMessages[]): Promise<void> {
    const session = this.#session;
    this.#session = null;
    try {
      if (session === null) throw new Error('this producer has failed before, or has not fenced');
      const data = await this.#prepare([{ topic, messages: [message] }, ...records]);
      const coordinator = await this.#cluster.findBroker({ nodeId: session.coordinator });
      const topics = data.map(({ topic, partitions }) => ({ topic, partitions: partitions.map(({ partition }) => partition) }));
      // All of them at once, before anything is written. Only this is ever sent again.
      await onceMarkersAreWritten(() => coordinator.addPartitionsToTxn({ ...session, topics }));
      await this.#produce(session, data);
      await coordinator.endTxn({ ...session, transactionResult: true });
      this.#session = session;
    } catch (fault) {
      throw fault instanceof RecordsLost ? fault : new DependencyUnavailable('kafka', fault);
    }
  }

  async disconnect(): Promise<void> {
    this.#session = null;
    await this.#cluster.disconnect();
  }

  /** The records of each partition, with the sequence number that the first of them gets. */
  async #prepare(records: readonly TopicMessages[]): Promise<TopicData[]> {
    const topics = Map.groupBy(records, ({ topic }) => topic);
    await this.#cluster.addMultipleTargetTopics([...topics.keys()]);
    return [...topics].map(([topic, given]) => {
      const partitionMetadata = this.#cluster.findTopicPartitionMetadata(topic);
      const messages = given.flatMap((each) => each.messages);
      const byPartition = Map.groupBy(messages, (message) => this.#partitionOf({ topic, partitionMetadata, message }));
      return {
        topic,
        partitions: [...byPartition].map(([partition, own]) => ({
          partition,
          messages: own,
          firstSequence: this.#takeSequences(topic, partition, own.length),
        })),
      };
    });
  }

  #takeSequences(topic: string, partition: number, count: number): number {
    const key = `${topic}/${partition}`;
    const first = this.#sequences.get(key) ?? 0;
    this.#sequences.set(key, (first + count) % SEQUENCES);
    return first;
  }

  /** One request to each leader, all at once. @throws when one partition did not take its records. */
  async #produce(session: Session, data: readonly TopicData[]): Promise<void> {
    const byLeader = new Map<number, TopicData[]>();
    for (const { topic, partitions } of data) {
      for (const [leader, led] of Map.groupBy(partitions, ({ partition }) => this.#leaderOf(topic, partition))) {
        byLeader.set(leader, [...(byLeader.get(leader) ?? []), { topic, partitions: led }]);
      }
    }
    const leaders = await Promise.all(
      [...byLeader].map(async ([nodeId, topicData]) => ({ broker: await this.#cluster.findBroker({ nodeId }), topicData })),
    );
    await Promise.all(leaders.map(({ broker, topicData }) => this.#produceTo(broker, session, topicData)));
  }

  async #produceTo(broker: Broker, session: Session, topicData: readonly TopicData[]): Promise<void> {
    const { topics } = await broker.produce({ ...session, acks: ALL_REPLICAS, timeout: REPLICATED_WITHIN_MS, topicData });
    for (const { topicName, partitions } of topics) {
      for (const { partition, baseOffset } of partitions) this.#append(topicName, partition, Number(baseOffset), topicData);
    }
  }

  #append(topic: string, partition: number, from: number, topicData: readonly TopicData[]): void {
    const ends = this.#ends.get(topic) ?? [];
    const known = ends[partition] ?? 0;
    if (from < known) throw new RecordsLost(topic, partition, from, known);
    const written = topicData.find((each) => each.topic === topic)!.partitions.find((each) => each.partition === partition)!;
    ends[partition] = from + written.messages.length;
    this.#ends.set(topic, ends);
  }

  #leaderOf(topic: string, partition: number): number {
    const metadata = this.#cluster.findTopicPartitionMetadata(topic).find(({ partitionId }) => partitionId === partition);
    if (metadata === undefined) throw new Error(`topic ${topic} has no partition ${partition}`);
    return metadata.leader;
  }
}

/** For a few ms after a transaction the coordinator still writes its markers, and refuses to begin the next. */
async function onceMarkersAreWritten<T>(ask: () => Promise<T>): Promise<T> {
  const giveUpAt = performance.now() + MARKERS_WITHIN_MS;
  for (;;) {
    try {
      return await ask();
    } catch (fault) {
      if (refusal(fault) !== 'CONCURRENT_TRANSACTIONS' || performance.now() > giveUpAt) throw fault;
      await delay(MARKERS_PAUSE_MS);
    }
  }
}
