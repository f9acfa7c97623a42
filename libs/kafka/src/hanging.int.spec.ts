import { type EventBatch, type Progress, silentLogger } from '@orderstream/messaging';
import type { Consumer, Kafka } from 'kafkajs';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { deploySchemas } from '../../../infra/deploy/src/schemas.ts';
import { type Broker, clusterOf } from './kafkajs-internals.ts';
import { ConsumerOfATest, newGroup, patience, revisionsOf } from './testing/consumer-of-a-test.ts';
import { KafkaInBetween } from './testing/kafka-in-between.ts';
import { kafkaOfTests, productListed, registryUrlOfTests, TopicOfATest } from './testing/topic-of-a-test.ts';
import { askKafka } from './topics.ts';

const TOLD_WITHIN_MS = 10_000;
const GROUP_COORDINATOR = 0;

const consumers: ConsumerOfATest[] = [];
let topic: TopicOfATest;
let batches: EventBatch[];

beforeAll(() => deploySchemas(registryUrlOfTests()));
beforeEach(async () => {
  topic = await TopicOfATest.create(1);
  batches = [];
});
afterEach(async () => {
  vi.restoreAllMocks();
  await Promise.all(consumers.splice(0).map((consumer) => consumer.stop()));
  await topic.delete();
});

const collect = async (batch: EventBatch): Promise<void> => void batches.push(batch);

function start(options: {
  readonly handle?: (batch: EventBatch) => Promise<void>;
  readonly progress?: Progress;
  readonly kafka?: Kafka;
  readonly group?: string;
}): ConsumerOfATest {
  const consumer = new ConsumerOfATest(topic, { group: newGroup(), handle: collect, ...options });
  consumers.push(consumer);
  return consumer;
}

async function membersOf(group: string): Promise<string[]> {
  const { groups } = await askKafka(kafkaOfTests(), (admin) => admin.describeGroups([group]));
  return groups[0]!.members.map(({ memberId }) => memberId);
}

type Coordinator = Broker & { leaveGroup(request: { readonly groupId: string; readonly memberId: string }): Promise<unknown> };

/** The coordinator forgets the group's members, as it does when their session is over. */
async function expel(groupId: string): Promise<void> {
  const cluster = clusterOf(kafkaOfTests());
  await cluster.connect();
  const coordinator = (await cluster.findGroupCoordinator({ groupId, coordinatorType: GROUP_COORDINATOR })) as Coordinator;
  for (const memberId of await membersOf(groupId)) await coordinator.leaveGroup({ groupId, memberId });
  await cluster.disconnect();
}

const atStart: Progress = { load: () => Promise.resolve([]), handled: () => Promise.resolve() };

describe('a broker that hangs', () => {
  it('is told within 10 s by every consumer, with a batch in hand or without, and all goes on by itself', async () => {
    const between = new KafkaInBetween();
    await between.open();
    try {
      const busy = Promise.withResolvers<void>();
      await topic.append(0, [productListed('A', 0)]);
      const all = [
        start({ kafka: between.client() }),
        start({ kafka: between.client(), progress: atStart }),
        start({ kafka: between.client(), handle: async (batch) => (await collect(batch), await busy.promise) }),
      ];
      await vi.waitFor(() => expect(revisionsOf(batches)).toEqual([0, 0, 0]), patience);
      for (const { blockedBy } of all) expect(blockedBy).toBeNull();

      between.silence();
      const silentSinceMs = performance.now();
      await vi.waitFor(() => {
        for (const { blockedBy } of all) expect(blockedBy).toContain('kafka does not answer: nothing was heard of it for');
      }, patience);
      expect(performance.now() - silentSinceMs).toBeLessThan(TOLD_WITHIN_MS);

      between.speak();
      busy.resolve();
      await vi.waitFor(
        () => {
          for (const { blockedBy } of all) expect(blockedBy).toBeNull();
        },
        { timeout: 30_000, interval: 50 },
      );
      await topic.append(0, [productListed('A', 1)]);
      await vi.waitFor(() => expect(revisionsOf(batches).filter((revision) => revision === 1)).toHaveLength(3), patience);
      for (const { lines } of all) expect(lines.filter((line) => line.startsWith('warn kafka does not answer'))).toHaveLength(1);
    } finally {
      await Promise.all(consumers.splice(0).map((consumer) => consumer.stop()));
      await between.close();
    }
  });
});

describe('a broker that is away', () => {
  it('is said once by its client and once by the consumer, however long it takes', async () => {
    const between = new KafkaInBetween();
    await between.open();
    const clientLines: string[] = [];
    const line = (_: object, message: string): void => void clientLines.push(message);
    try {
      const consumer = start({ kafka: between.client({ ...silentLogger, warn: line, error: line }) });
      await topic.append(0, [productListed('A', 0)]);
      await vi.waitFor(() => expect(revisionsOf(batches)).toEqual([0]), patience);
      await vi.waitFor(() => expect(consumer.caughtUp).toBe(true), patience);
      clientLines.length = 0;

      await between.close();
      const awaySinceMs = performance.now();
      await vi.waitFor(() => expect(performance.now() - awaySinceMs).toBeGreaterThan(6_000), patience);
      expect(consumer.blockedBy).toContain('kafka does not answer: ');
      await between.open();
      await topic.append(0, [productListed('A', 1)]);
      await vi.waitFor(() => expect(revisionsOf(batches)).toEqual([0, 1]), patience);
      await vi.waitFor(() => expect(consumer.blockedBy).toBeNull(), patience);

      expect(clientLines.length).toBeGreaterThan(0);
      expect(clientLines.length).toBeLessThan(8);
      expect(consumer.lines.filter((each) => each === 'error the consumer waits')).toHaveLength(1);
      // A commit under way may fail otherwise than the attempts after it.
      expect(consumer.lines.length).toBeLessThan(5);
    } finally {
      await Promise.all(consumers.splice(0).map((each) => each.stop()));
      await between.close();
    }
  });
});

describe('a consumer', () => {
  it.each(['stop', 'disconnect'] as const)('whose client has ended by %s, for whatever reason, joins its group again', async (end) => {
    const members: Consumer[] = [];
    const kafka = kafkaOfTests();
    const make = kafka.consumer.bind(kafka);
    vi.spyOn(kafka, 'consumer').mockImplementation((options) => {
      members.push(make(options));
      return members.at(-1)!;
    });
    const consumer = start({ kafka });
    await topic.append(0, [productListed('A', 0)]);
    await vi.waitFor(() => expect(revisionsOf(batches)).toEqual([0]), patience);
    await vi.waitFor(() => expect(consumer.caughtUp).toBe(true), patience);
    await members[0]![end]();
    await topic.append(0, [productListed('A', 1)]);
    await vi.waitFor(() => expect(revisionsOf(batches)).toEqual([0, 1]), patience);
    await vi.waitFor(() => expect(consumer.blockedBy).toBeNull(), patience);
    expect(members).toHaveLength(2);
  });

  it.each([
    ['JoinGroup', 11, 'cut'],
    ['JoinGroup', 11, 'lost'],
    ['SyncGroup', 14, 'cut'],
  ] as const)('who is to join its group anew, and whose %s (%i) is %s then, is soon a member again', async (_, apiKey, kind) => {
    const between = new KafkaInBetween();
    await between.open();
    const group = newGroup();
    try {
      const consumer = start({ kafka: between.client(), group });
      await topic.append(0, [productListed('A', 0)]);
      await vi.waitFor(() => expect(revisionsOf(batches)).toEqual([0]), patience);
      await vi.waitFor(() => expect(consumer.caughtUp).toBe(true), patience);

      between.requestFault = { apiKey, kind };
      await expel(group);
      await vi.waitFor(() => expect(between.faults).toBeGreaterThan(0), patience);
      between.requestFault = null;
      await vi.waitFor(async () => expect(await membersOf(group)).toHaveLength(1), patience);
      await topic.append(0, [productListed('A', 1)]);
      await vi.waitFor(() => expect(revisionsOf(batches)).toEqual([0, 1]), patience);
      await vi.waitFor(() => expect(consumer.blockedBy).toBeNull(), patience);
    } finally {
      await Promise.all(consumers.splice(0).map((each) => each.stop()));
      await between.close();
    }
  });

  it('whose positions are not to be had says so, with the partition', async () => {
    const mayLoad = Promise.withResolvers<never[]>();
    const consumer = start({ progress: { ...atStart, load: () => mayLoad.promise } });
    await vi.waitFor(
      () => expect(consumer.blockedBy).toMatch(/^partition 0 of \S+: its position and its end are still being asked for$/),
      patience,
    );
    mayLoad.resolve([]);
    await vi.waitFor(() => expect(consumer.blockedBy).toBeNull(), patience);
  });

  it('whose handler does not return says so within a minute, with topic and partition, until it does', async () => {
    const mayEnd = Promise.withResolvers<void>();
    const consumer = start({ handle: async (batch) => (await collect(batch), await mayEnd.promise) });
    await topic.append(0, [productListed('A', 0)]);
    await vi.waitFor(() => expect(batches).toHaveLength(1), patience);
    expect(consumer.blockedBy).toBeNull();

    const now = performance.now.bind(performance);
    vi.spyOn(performance, 'now').mockImplementation(() => now() + 60_000);
    expect(consumer.blockedBy).toBe(`partition 0 of ${topic.name}: its handler has not returned for 60 s`);
    mayEnd.resolve();
    await vi.waitFor(() => expect(consumer.blockedBy).toBeNull(), patience);
    expect(batches).toHaveLength(1);
  });
});
