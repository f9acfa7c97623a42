import { randomUUID } from 'node:crypto';
import type { Kafka, Message } from 'kafkajs';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import {
  type Broker,
  type Cluster,
  clusterOf,
  findTransactionCoordinator,
  type ProducerIdentity,
  readCommitted,
  refusal,
} from '../../../../libs/kafka/src/kafkajs-internals.ts';
import type { brokerOf } from '../kafka/broker.ts';

export interface BrokersUnderTest {
  readonly kafka: Kafka;
  /** A topic with one partition that nobody has written to. */
  newTopic(): Promise<string>;
}

const READ_COMMITTED = 1;
const GROUP_COORDINATOR = 0;
const TIMEOUT_MS = 10_000;
const fenced = /^(PRODUCER_FENCED|INVALID_PRODUCER_EPOCH)$/;

async function refusalOf(asked: Promise<unknown>): Promise<string | undefined> {
  return await asked.then(() => 'nothing', refusal);
}

/** Brokers that the platform's producers and consumers rely on pass this, whether they are Kafka's or stand in for them. */
export function brokersContract(name: string, open: () => Promise<BrokersUnderTest>): void {
  describe(`${name}, as the platform relies on them:`, () => {
    let under: BrokersUnderTest;
    let cluster: Cluster;
    let topic: string;
    beforeEach(async () => {
      under = await open();
      topic = await under.newTopic();
      cluster = clusterOf(under.kafka);
      await cluster.connect();
      await cluster.addMultipleTargetTopics([topic]);
      return () => cluster.disconnect();
    });

    const coordinator = (identity: Pick<ProducerIdentity, 'transactionalId'>): Promise<Broker> =>
      findTransactionCoordinator(cluster, identity.transactionalId);
    const leader = (): Promise<Broker> => cluster.findBroker({ nodeId: cluster.findTopicPartitionMetadata(topic)[0]!.leader });

    /** Until the markers of the transaction before are written. */
    async function onceReady<T>(ask: () => Promise<T>): Promise<T> {
      for (;;) {
        try {
          return await ask();
        } catch (fault) {
          if (refusal(fault) !== 'CONCURRENT_TRANSACTIONS') throw fault;
        }
      }
    }
    async function begin(transactionalId: string = randomUUID()): Promise<ProducerIdentity> {
      const init = async () => (await coordinator({ transactionalId })).initProducerId({ transactionalId, transactionTimeout: TIMEOUT_MS });
      return { transactionalId, ...(await onceReady(init)) };
    }
    async function add(identity: ProducerIdentity): Promise<void> {
      await onceReady(async () => (await coordinator(identity)).addPartitionsToTxn({ ...identity, topics: [{ topic, partitions: [0] }] }));
    }
    async function produce(identity: ProducerIdentity, firstSequence: number, ...values: string[]): Promise<number> {
      const messages: Message[] = values.map((value) => ({ key: null, value, headers: {}, timestamp: '1' }));
      const topicData = [{ topic, partitions: [{ partition: 0, firstSequence, messages }] }];
      const { topics } = await (await leader()).produce({ ...identity, acks: -1, timeout: TIMEOUT_MS, topicData });
      return Number(topics[0]!.partitions[0]!.baseOffset);
    }
    async function end(identity: ProducerIdentity, transactionResult: boolean): Promise<void> {
      await (await coordinator(identity)).endTxn({ ...identity, transactionResult });
    }
    /** What a read-committed reader sees from the beginning on. */
    async function seen(): Promise<string[]> {
      const values: string[] = [];
      for (let offset = 0n; ;) {
        const partitions = [{ partition: 0, fetchOffset: String(offset), maxBytes: 100_000 }];
        const request = { isolationLevel: READ_COMMITTED, maxWaitTime: 20, maxBytes: 100_000, topics: [{ topic, partitions }] };
        const { responses } = await (await leader()).fetch(request);
        const read = readCommitted(topic, offset, responses[0]!.partitions[0]!);
        if (read === null) return values;
        values.push(...read.messages.map((message) => `${message.offset} ${String(message.value)}`));
        offset = read.next;
      }
    }
    const sees = (...values: string[]) => vi.waitFor(async () => expect(await seen()).toEqual(values), 5_000);

    it('what is committed becomes visible, and a marker takes an offset', async () => {
      const producer = await begin();
      await add(producer);
      expect(await produce(producer, 0, 'a', 'b')).toBe(0);
      expect(await seen()).toEqual([]);
      await end(producer, true);
      await sees('0 a', '1 b');
      await add(producer);
      expect(await produce(producer, 2, 'c')).toBe(3);
      await end(producer, true);
      await sees('0 a', '1 b', '3 c');
    });

    it('what is aborted is never seen, and keeps its offsets', async () => {
      const producer = await begin();
      await add(producer);
      await produce(producer, 0, 'a');
      await end(producer, false);
      await add(producer);
      await produce(producer, 1, 'b');
      await end(producer, true);
      await sees('2 b');
    });

    it('an open transaction hides what others commit behind it', async () => {
      const [first, second] = [await begin(), await begin()];
      await add(first);
      await add(second);
      await produce(first, 0, 'open');
      await produce(second, 0, 'a');
      await end(second, true);
      await add(second);
      await produce(second, 1, 'b');
      await end(second, true);
      await add(second);
      expect(await seen()).toEqual([]);
      await end(first, false);
      await sees('1 a', '3 b');
    });

    it('a successor aborts what was open, and its predecessor can do nothing any more', async () => {
      const zombie = await begin();
      await add(zombie);
      await produce(zombie, 0, 'open');
      const successor = await begin(zombie.transactionalId);
      expect(await refusalOf(produce(zombie, 1, 'late'))).toMatch(fenced);
      expect(await refusalOf(end(zombie, true))).toMatch(fenced);
      expect(await refusalOf(add(zombie))).toMatch(fenced);
      await add(successor);
      await produce(successor, 0, 'a');
      await end(successor, true);
      await sees('2 a');
    });

    it('a successor lets a commit be carried out that was decided', async () => {
      const producer = await begin();
      await add(producer);
      await produce(producer, 0, 'a');
      await end(producer, true);
      await begin(producer.transactionalId);
      await sees('0 a');
    });

    it('the same batch is taken once, however often it comes', async () => {
      const producer = await begin();
      await add(producer);
      const places = [await produce(producer, 0, 'a'), await produce(producer, 1, 'b'), await produce(producer, 0, 'a')];
      expect(places).toEqual([0, 1, 0]);
      await end(producer, true);
      await sees('0 a', '1 b');
    });

    it('a batch that leaves one out is refused', async () => {
      const producer = await begin();
      await add(producer);
      await produce(producer, 0, 'a');
      expect(await refusalOf(produce(producer, 2, 'c'))).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER');
    });

    it('nothing can be written to a partition that the transaction does not name, or ended without having begun', async () => {
      const producer = await begin();
      expect(await refusalOf(produce(producer, 0, 'a'))).toBe('INVALID_TXN_STATE');
      expect(await refusalOf(end(producer, true))).toBe('INVALID_TXN_STATE');
    });

    it('offsets are committed by members of the current generation alone', async () => {
      const groupId = randomUUID();
      const broker = (await cluster.findGroupCoordinator({ groupId, coordinatorType: GROUP_COORDINATOR })) as ReturnType<typeof brokerOf>;
      const request = {
        groupId,
        sessionTimeout: 6_000,
        rebalanceTimeout: 6_000,
        groupProtocols: [{ name: 'p', metadata: Buffer.from('m') }],
      };
      const first = await broker.joinGroup({ ...request, memberId: '' });
      const { memberId, generationId } = first;
      expect(first.leaderId).toBe(memberId);
      expect(first.members.map((member) => member.memberId)).toEqual([memberId]);
      const groupAssignment = [{ memberId, memberAssignment: Buffer.from('all') }];
      expect(await broker.syncGroup({ groupId, memberId, generationId, groupAssignment })).toMatchObject({
        memberAssignment: Buffer.from('all'),
      });
      const commit = (offset: string, groupGenerationId: number, by = memberId) =>
        broker.offsetCommit({
          groupId,
          memberId: by,
          groupGenerationId,
          topics: [{ topic, partitions: [{ partition: 0, offset, metadata: 'x' }] }],
        });
      const committed = async () => {
        const { responses } = await broker.offsetFetch({ groupId, topics: [{ topic, partitions: [{ partition: 0 }] }] });
        return responses[0]!.partitions[0]!.offset;
      };
      expect(await committed()).toBe('-1');
      await commit('5', generationId);
      expect(await refusalOf(commit('6', generationId - 1))).toBe('ILLEGAL_GENERATION');
      expect(await refusalOf(commit('6', generationId, 'nobody'))).toBe('UNKNOWN_MEMBER_ID');
      expect(await committed()).toBe('5');

      // Over a connection of its own: a broker answers one request after the other.
      const others = clusterOf(under.kafka);
      await others.connect();
      const other = (await others.findGroupCoordinator({ groupId, coordinatorType: GROUP_COORDINATOR })) as ReturnType<typeof brokerOf>;
      const joining = other.joinGroup({ ...request, memberId: '' });
      const beat = () => broker.heartbeat({ groupId, memberId, groupGenerationId: generationId });
      await vi.waitFor(async () => expect(await refusalOf(beat())).toBe('REBALANCE_IN_PROGRESS'), 5_000);
      await commit('7', generationId);
      const again = await broker.joinGroup({ ...request, memberId });
      const second = await joining;
      expect([again.generationId, second.generationId]).toEqual([generationId + 1, generationId + 1]);
      expect(await refusalOf(commit('8', generationId))).toBe('ILLEGAL_GENERATION');
      expect(await committed()).toBe('7');
      await broker.leaveGroup({ groupId, memberId });
      await broker.leaveGroup({ groupId, memberId: second.memberId });
      await others.disconnect();
      expect(await refusalOf(beat())).toBe('UNKNOWN_MEMBER_ID');
    });
  });
}
