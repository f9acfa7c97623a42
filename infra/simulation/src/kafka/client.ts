import { type Cluster, createKafka } from '@orderstream/kafka';
import { type Logger, silentLogger } from '@orderstream/messaging';
import type { Kafka } from 'kafkajs';
import { brokerOf, type Link, READ_UNCOMMITTED } from './broker.ts';
import type { KafkaCluster } from './cluster.ts';
import { Refusal } from './refusal.ts';

interface ConnectionOptions {
  readonly isolationLevel?: number;
}

type Offsets = Record<string, Record<string, string>>;

const CREATES_CLUSTER = 'private:Kafka:createCluster';
const EARLIEST = -2;
const LATEST = -1;

/** The platform's own client of kafkajs, with its consumers and its admin client; only its connections lead here. */
export function clientOf(kafka: KafkaCluster, link: Link, logger: Logger = silentLogger): Kafka {
  const client = createKafka({ clientId: 'simulated', brokers: ['in-memory:0'], logger });
  const createCluster = Object.getOwnPropertySymbols(client).find(({ description }) => description === CREATES_CLUSTER)!;
  return Object.defineProperty(client, createCluster, { value: (options: ConnectionOptions) => new Connection(kafka, link, options) });
}

/** A cluster as one client knows it, with the methods that kafkajs and the adapter call. Its metadata may be out of date. */
class Connection implements Cluster {
  readonly #kafka: KafkaCluster;
  readonly #link: Link;
  readonly #isCommitted: boolean;
  readonly #leaders = new Map<string, readonly number[]>();
  readonly #offsets = new Map<string, Offsets>();

  constructor(kafka: KafkaCluster, link: Link, { isolationLevel }: ConnectionOptions) {
    this.#kafka = kafka;
    this.#link = link;
    this.#isCommitted = isolationLevel !== READ_UNCOMMITTED;
  }

  async connect(): Promise<void> {
    await this.#link.ask(() => {});
  }

  async disconnect(): Promise<void> {}

  removeBroker(): void {}

  getNodeIds(): number[] {
    return Array.from({ length: this.#kafka.brokers }, (_, node) => node);
  }

  addTargetTopic(topic: string): Promise<void> {
    return this.addMultipleTargetTopics([topic]);
  }

  async addMultipleTargetTopics(topics: readonly string[]): Promise<void> {
    await this.#load(topics.filter((topic) => !this.#leaders.has(topic)));
  }

  async refreshMetadata(): Promise<void> {
    await this.#load([...this.#leaders.keys()]);
  }

  async refreshMetadataIfNecessary(): Promise<void> {}

  metadata({ topics = [] }: { readonly topics?: readonly string[] } = {}): Promise<object> {
    return this.#link.ask(() => ({
      topicMetadata: (topics.length === 0 ? this.#kafka.topics : topics).map((topic) => ({
        topic,
        partitionMetadata: this.#kafka.leadersOf(topic).map(metadataOf),
      })),
    }));
  }

  findTopicPartitionMetadata(topic: string): ReturnType<Cluster['findTopicPartitionMetadata']> {
    const leaders = this.#leaders.get(topic);
    if (leaders === undefined) throw new Refusal('UNKNOWN_TOPIC_OR_PARTITION', topic);
    return leaders.map(metadataOf);
  }

  async findBroker({ nodeId }: { readonly nodeId: number | string }): Promise<ReturnType<typeof brokerOf>> {
    return brokerOf(this.#kafka, this.#link, Number(nodeId));
  }

  findGroupCoordinator(): Promise<ReturnType<typeof brokerOf>> {
    return this.#link.ask(() => brokerOf(this.#kafka, this.#link, 0));
  }

  fetchTopicsOffset(topics: Parameters<Cluster['fetchTopicsOffset']>[0]): ReturnType<Cluster['fetchTopicsOffset']> {
    const endOf = (topic: string, partition: number): number => {
      const { lastStable, end } = this.#kafka.log(topic, partition);
      return this.#isCommitted ? lastStable : end;
    };
    return this.#link.ask(() =>
      topics.map(({ topic, partitions, fromBeginning }) => ({
        topic,
        partitions: partitions.map(({ partition }) => ({ partition, offset: fromBeginning ? '0' : String(endOf(topic, partition)) })),
      })),
    );
  }

  defaultOffset({ fromBeginning }: { readonly fromBeginning: boolean }): number {
    return fromBeginning ? EARLIEST : LATEST;
  }

  committedOffsets({ groupId }: { readonly groupId: string }): Offsets {
    const offsets = this.#offsets.get(groupId) ?? {};
    this.#offsets.set(groupId, offsets);
    return offsets;
  }

  async #load(topics: readonly string[]): Promise<void> {
    if (topics.length === 0) return;
    const found = await this.#link.ask(() => topics.map((topic) => [topic, this.#kafka.leadersOf(topic)] as const));
    for (const [topic, leaders] of found) this.#leaders.set(topic, leaders);
  }
}

function metadataOf(leader: number, partitionId: number): ReturnType<Cluster['findTopicPartitionMetadata']>[number] {
  return { partitionErrorCode: 0, partitionId, leader, replicas: [leader], isr: [leader] };
}
