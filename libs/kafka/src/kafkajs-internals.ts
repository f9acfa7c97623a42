import { createRequire } from 'node:module';
import type { Kafka, KafkaMessage, Message } from 'kafkajs';

/**
 * What kafkajs 2.2.4 has below its producer and consumer: the cluster with its connections, and the
 * requests of Kafka's protocol. Its version is pinned for this; nothing else may reach in here.
 */
export interface Cluster {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  /** Loads their metadata, unless it is there. */
  addMultipleTargetTopics(topics: readonly string[]): Promise<void>;
  refreshMetadata(): Promise<void>;
  findTopicPartitionMetadata(topic: string): PartitionMetadata[];
  /** Connects to it unless that is done. */
  findBroker(broker: { readonly nodeId: number }): Promise<Broker>;
  findGroupCoordinator(of: { readonly groupId: string; readonly coordinatorType: number }): Promise<Broker>;
  fetchTopicsOffset(topics: readonly OffsetQuestion[]): Promise<TopicOffsets[]>;
}

export interface PartitionMetadata {
  readonly partitionErrorCode: number;
  readonly partitionId: number;
  readonly leader: number;
  readonly replicas: number[];
  readonly isr: number[];
}

interface OffsetQuestion {
  readonly topic: string;
  readonly partitions: readonly { readonly partition: number }[];
  readonly fromBeginning: boolean;
}

interface TopicOffsets {
  readonly topic: string;
  readonly partitions: readonly { readonly partition: number; readonly offset: string }[];
}

/** A producer as the transaction coordinator knows it. */
export interface ProducerIdentity {
  readonly transactionalId: string;
  readonly producerId: string;
  readonly producerEpoch: number;
}

export interface TopicData {
  readonly topic: string;
  readonly partitions: readonly { readonly partition: number; readonly firstSequence: number; readonly messages: readonly Message[] }[];
}

/** Each request rejects with the broker's refusal, for all partitions if for one. */
export interface Broker {
  readonly nodeId: number;
  initProducerId(request: {
    readonly transactionalId: string;
    readonly transactionTimeout: number;
  }): Promise<Omit<ProducerIdentity, 'transactionalId'>>;
  addPartitionsToTxn(
    request: ProducerIdentity & { readonly topics: readonly { readonly topic: string; readonly partitions: readonly number[] }[] },
  ): Promise<unknown>;
  produce(
    request: ProducerIdentity & { readonly acks: number; readonly timeout: number; readonly topicData: readonly TopicData[] },
  ): Promise<{
    readonly topics: readonly {
      readonly topicName: string;
      readonly partitions: readonly { readonly partition: number; readonly baseOffset: string }[];
    }[];
  }>;
  endTxn(request: ProducerIdentity & { readonly transactionResult: boolean }): Promise<unknown>;
  fetch(request: {
    readonly isolationLevel: number;
    readonly maxWaitTime: number;
    readonly maxBytes: number;
    readonly topics: readonly {
      readonly topic: string;
      readonly partitions: readonly { readonly partition: number; readonly fetchOffset: string; readonly maxBytes: number }[];
    }[];
  }): Promise<{ readonly responses: readonly { readonly partitions: readonly FetchedPartition[] }[] }>;
}

interface FetchedPartition {
  readonly lastStableOffset: string;
  readonly abortedTransactions?: { readonly producerId: string; readonly firstOffset: string }[];
  readonly messages: readonly KafkaMessage[];
}

interface Batch {
  /** Aborted records and markers among them. */
  readonly messagesWithinOffset: readonly KafkaMessage[];
  readonly messages: readonly KafkaMessage[];
}

const TRANSACTION_COORDINATOR = 1;
const READ_UNCOMMITTED = 0;

const require = createRequire(import.meta.url);
const BatchOf = require('kafkajs/src/consumer/batch') as new (topic: string, fetchOffset: string, fetched: FetchedPartition) => Batch;

/** A cluster with its own connections; nothing is connected yet. */
export function clusterOf(kafka: Kafka): Cluster {
  const createCluster = Object.getOwnPropertySymbols(kafka).find(({ description }) => description === 'private:Kafka:createCluster');
  if (createCluster === undefined) throw new Error('this is not the kafkajs whose internals are known here');
  const { [createCluster]: create } = kafka as unknown as Record<symbol, (options: object) => Cluster>;
  return create!({ metadataMaxAge: Infinity, allowAutoTopicCreation: false, isolationLevel: READ_UNCOMMITTED });
}

export function findTransactionCoordinator(cluster: Cluster, transactionalId: string): Promise<Broker> {
  return cluster.findGroupCoordinator({ groupId: transactionalId, coordinatorType: TRANSACTION_COORDINATOR });
}

/** The fetched records that a read-committed reader gets, and the offset behind all that was fetched; null: nothing is stable there yet. */
export function readCommitted(
  topic: string,
  offset: bigint,
  fetched: FetchedPartition,
): { readonly messages: readonly KafkaMessage[]; readonly next: bigint } | null {
  const { messages, messagesWithinOffset } = new BatchOf(topic, String(offset), fetched);
  const last = messagesWithinOffset.at(-1);
  if (last !== undefined) return { messages, next: BigInt(last.offset) + 1n };
  // Compaction leaves batches without the records that end them, or without any.
  return BigInt(fetched.lastStableOffset) > offset ? { messages, next: offset + 1n } : null;
}

/** The broker's answer by its name in the protocol; undefined for any other fault. */
export function refusal(fault: unknown): string | undefined {
  return fault instanceof Error && 'type' in fault && typeof fault.type === 'string' ? fault.type : undefined;
}
