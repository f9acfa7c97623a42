import type { Broker } from '@orderstream/kafka';
import type { KafkaCluster } from './cluster.ts';
import type { CommittedOffset, JoinRequest, Joined } from './groups.ts';

/** The way from a client to the brokers. Rejects when the client is not to learn what became of its request. */
export interface Link {
  readonly ask: <T>(work: () => T | Promise<T>) => Promise<T>;
}

interface OfMember {
  readonly groupId: string;
  readonly memberId: string;
}

interface OfGeneration extends OfMember {
  readonly groupGenerationId: number;
}

/** What kafkajs' consumer and admin client ask of a broker, beside what the adapter asks. */
interface KafkajsBroker extends Broker {
  isConnected(): boolean;
  joinGroup(request: JoinRequest & { readonly groupId: string }): Promise<Joined>;
  syncGroup(
    request: OfMember & {
      readonly generationId: number;
      readonly groupAssignment: readonly { readonly memberId: string; readonly memberAssignment: Buffer }[];
    },
  ): Promise<{ readonly memberAssignment: Buffer }>;
  heartbeat(request: OfGeneration): Promise<void>;
  leaveGroup(request: OfMember): Promise<void>;
  offsetCommit(
    request: OfGeneration & { readonly topics: readonly { readonly topic: string; readonly partitions: readonly CommittedOffset[] }[] },
  ): Promise<void>;
  offsetFetch(request: {
    readonly groupId: string;
    readonly topics: readonly { readonly topic: string; readonly partitions: readonly { readonly partition: number }[] }[];
  }): Promise<{ readonly responses: readonly { readonly topic: string; readonly partitions: readonly CommittedOffset[] }[] }>;
}

export const READ_UNCOMMITTED = 0;

/** A broker as kafkajs talks to it, each request over the link. */
export function brokerOf(kafka: KafkaCluster, { ask }: Link, nodeId: number): KafkajsBroker {
  return {
    nodeId,
    isConnected: () => true,
    initProducerId: ({ transactionalId, transactionTimeout }) =>
      ask(() => kafka.transactions.initProducerId(transactionalId, transactionTimeout)),
    addPartitionsToTxn: (request) => ask(() => kafka.addPartitionsToTxn(request, request.topics)),
    produce: async (request) => ({ topics: await ask(() => kafka.produce(nodeId, request, request.topicData)) }),
    endTxn: (request) => ask(() => kafka.endTxn(request, request.transactionResult ? 'commit' : 'abort')),
    fetch: async ({ isolationLevel, maxWaitTime, topics }) => ({
      responses: await ask(() => kafka.fetch(nodeId, topics, isolationLevel !== READ_UNCOMMITTED, maxWaitTime)),
    }),
    joinGroup: (request) => ask(() => kafka.group(request.groupId).join(request)),
    syncGroup: async ({ groupId, memberId, generationId, groupAssignment }) => ({
      memberAssignment: await ask(() => kafka.group(groupId).sync(memberId, generationId, groupAssignment)),
    }),
    heartbeat: ({ groupId, memberId, groupGenerationId }) => ask(() => kafka.group(groupId).heartbeat(memberId, groupGenerationId)),
    leaveGroup: ({ groupId, memberId }) => ask(() => kafka.group(groupId).leave(memberId)),
    offsetCommit: ({ groupId, memberId, groupGenerationId, topics }) =>
      ask(() => {
        for (const { topic, partitions } of topics) kafka.group(groupId).commit(memberId, groupGenerationId, topic, partitions);
      }),
    offsetFetch: async ({ groupId, topics }) => ({
      responses: await ask(() =>
        topics.map(({ topic, partitions }) => ({
          topic,
          partitions: partitions.map(({ partition }) => kafka.group(groupId).committed(topic, partition)),
        })),
      ),
    }),
  };
}
