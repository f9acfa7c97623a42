import type { Message } from 'kafkajs';
import { type CommittedOffset, ConsumerGroup } from './groups.ts';
import { type Ending, type Fetched, PartitionLog } from './partition-log.ts';
import { Refusal } from './refusal.ts';
import { type Identified, TransactionCoordinator } from './transactions.ts';

interface LedPartition {
  readonly log: PartitionLog;
  leader: number;
}

export interface PartitionRequest {
  readonly topic: string;
  readonly partitions: readonly { readonly partition: number; readonly firstSequence: number; readonly messages: readonly Message[] }[];
}

export interface ProducedTopic {
  readonly topicName: string;
  readonly partitions: readonly { readonly partition: number; readonly baseOffset: string }[];
}

export interface FetchRequest {
  readonly topic: string;
  readonly partitions: readonly { readonly partition: number; readonly fetchOffset: string }[];
}

export interface FetchedTopic {
  readonly topicName: string;
  readonly partitions: readonly Fetched[];
}

export interface ClusterOptions {
  /** Their node ids are 0 and upwards. */
  readonly brokers: number;
  /** Partitions by topic. */
  readonly topics: Readonly<Record<string, number>>;
  /** Runs what a broker does by itself, some time after the request that led to it. */
  readonly later: (work: () => void) => void;
  /** How many record batches a fetch brings of a partition. */
  readonly fetched: () => number;
  /** Called with what a group has committed. */
  readonly committed?: (group: string, topic: string, offset: CommittedOffset) => void;
  /** With other rules than Kafka's, to see that they are missed. */
  readonly logOf?: (topic: string) => PartitionLog;
  readonly transactionsOf?: (later: ClusterOptions['later']) => TransactionCoordinator;
}

/**
 * Kafka's brokers in memory, as far as this platform needs them: transactions with their markers, fencing by producer
 * epoch, sequence numbers, read-committed fetches, consumer groups. Nothing is lost and no broker is away; requests
 * and answers get lost between a client and here.
 */
export class KafkaCluster {
  readonly brokers: number;
  readonly transactions: TransactionCoordinator;
  readonly #topics: ReadonlyMap<string, readonly LedPartition[]>;
  readonly #groups = new Map<string, ConsumerGroup>();
  readonly #later: ClusterOptions['later'];
  readonly #options: ClusterOptions;
  #appended = Promise.withResolvers<void>();

  constructor(options: ClusterOptions) {
    const { brokers, topics, later, logOf = () => new PartitionLog() } = options;
    this.brokers = brokers;
    this.#options = options;
    this.#later = (work) =>
      later(() => {
        work();
        this.#tell();
      });
    this.transactions = options.transactionsOf?.(this.#later) ?? new TransactionCoordinator(this.#later);
    let next = 0;
    const led = (topic: string): LedPartition => ({ log: logOf(topic), leader: next++ % brokers });
    this.#topics = new Map(Object.entries(topics).map(([topic, count]) => [topic, Array.from({ length: count }, () => led(topic))]));
  }

  get topics(): string[] {
    return [...this.#topics.keys()];
  }

  partitionsOf(topic: string): number {
    return this.#topics.get(topic)?.length ?? 0;
  }

  leadersOf(topic: string): number[] {
    return this.#partitions(topic).map(({ leader }) => leader);
  }

  moveLeader(topic: string, partition: number): void {
    const moved = this.#partition(topic, partition);
    moved.leader = (moved.leader + 1) % this.brokers;
  }

  log(topic: string, partition: number): PartitionLog {
    return this.#partition(topic, partition).log;
  }

  group(name: string): ConsumerGroup {
    const group =
      this.#groups.get(name) ?? new ConsumerGroup(this.#later, (topic, offset) => this.#options.committed?.(name, topic, offset));
    this.#groups.set(name, group);
    return group;
  }

  addPartitionsToTxn(identity: Identified, topics: readonly { readonly topic: string; readonly partitions: readonly number[] }[]): void {
    const named = topics.flatMap(({ topic, partitions }) =>
      partitions.map((partition) => [nameOf(topic, partition), this.log(topic, partition)] as const),
    );
    this.transactions.addPartitions(identity, new Map(named));
  }

  /** At one leader: what it takes of some partitions, it takes whatever the others answer. */
  produce(node: number, identity: Identified, requests: readonly PartitionRequest[]): ProducedTopic[] {
    const appended = requests.map(({ topic, partitions }) => ({
      topicName: topic,
      partitions: partitions.map(({ partition, firstSequence, messages }) => {
        const log = this.#ledBy(node, topic, partition);
        if (!log.isOpenFor(identity)) this.transactions.checkOpen(identity, nameOf(topic, partition));
        return { partition, baseOffset: String(log.append(identity, firstSequence, messages)) };
      }),
    }));
    this.#tell();
    return appended;
  }

  endTxn(identity: Identified, ending: Ending): void {
    this.transactions.end(identity, ending);
  }

  /** At a leader; waits a while until there is something. */
  async fetch(node: number, wanted: readonly FetchRequest[], isCommitted: boolean, waitMs: number): Promise<FetchedTopic[]> {
    const read = (): FetchedTopic[] =>
      wanted.map(({ topic, partitions }) => ({
        topicName: topic,
        partitions: partitions.map(({ partition, fetchOffset }) =>
          this.#ledBy(node, topic, partition).read(partition, Number(fetchOffset), { isCommitted, batches: this.#options.fetched() }),
        ),
      }));
    const givesUpAt = performance.now() + waitMs;
    for (;;) {
      const topics = read();
      const left = givesUpAt - performance.now();
      if (left <= 0 || topics.some(({ partitions }) => partitions.some(({ messages }) => messages.length > 0))) return topics;
      await this.#somethingNew(left);
    }
  }

  async #somethingNew(withinMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const elapsed = new Promise<void>((resolve) => void (timer = setTimeout(resolve, withinMs)));
    await Promise.race([this.#appended.promise, elapsed]);
    clearTimeout(timer);
  }

  #tell(): void {
    this.#appended.resolve();
    this.#appended = Promise.withResolvers();
  }

  #partitions(topic: string): readonly LedPartition[] {
    const partitions = this.#topics.get(topic);
    if (partitions === undefined) throw new Refusal('UNKNOWN_TOPIC_OR_PARTITION', topic);
    return partitions;
  }

  #partition(topic: string, partition: number): LedPartition {
    const found = this.#partitions(topic)[partition];
    if (found === undefined) throw new Refusal('UNKNOWN_TOPIC_OR_PARTITION', nameOf(topic, partition));
    return found;
  }

  #ledBy(node: number, topic: string, partition: number): PartitionLog {
    const { leader, log } = this.#partition(topic, partition);
    if (leader !== node) throw new Refusal('NOT_LEADER_FOR_PARTITION', nameOf(topic, partition));
    return log;
  }
}

function nameOf(topic: string, partition: number): string {
  return `${topic}/${partition}`;
}
