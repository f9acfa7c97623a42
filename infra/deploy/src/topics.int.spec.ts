import { randomUUID } from 'node:crypto';
import { topics } from '@orderstream/contracts';
import { createKafka } from '@orderstream/kafka';
import { silentLogger } from '@orderstream/messaging';
import kafkajs, { type Admin } from 'kafkajs';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { deployTopics, plannedTopics, type TopicPlan } from './topics.ts';

const kafka = createKafka({ clientId: 'test', brokers: process.env['TEST_KAFKA_BROKERS']!.split(','), logger: silentLogger });
/** Another value of a setting. */
const others: Readonly<Record<string, string>> = {
  'message.timestamp.type': 'LogAppendTime',
  'message.timestamp.before.max.ms': '3600000',
  'message.timestamp.after.max.ms': '3600000',
  'compression.type': 'lz4',
  'unclean.leader.election.enable': 'true',
  'max.message.bytes': '1000',
  'cleanup.policy': 'compact,delete',
  'retention.ms': '604800000',
  'retention.bytes': '1000000',
  'segment.bytes': '2000000',
  'delete.retention.ms': '86400000',
};
let admin: Admin;
let plans: TopicPlan[];

beforeAll(async () => {
  admin = kafka.admin();
  await admin.connect();
});
afterAll(() => admin.disconnect());
beforeEach(() => {
  const name = (topic: string): string => `test-${randomUUID()}-${topic}`;
  plans = plannedTopics
    .filter(({ topic }) => ['catalog', 'relay-checkpoint'].includes(topic))
    .map((plan) => ({ ...plan, topic: name(plan.topic) }));
});

async function settingsOf(topic: string): Promise<Record<string, string>> {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic }],
  });
  return Object.fromEntries(resources[0]!.configEntries.map(({ configName, configValue }) => [configName, configValue]));
}

describe('the topics of the platform', () => {
  it('are those of the contracts, and those in which the relay keeps its checkpoints and what it parked', () => {
    expect(plannedTopics.map(({ topic }) => topic)).toEqual([...Object.keys(topics), 'relay-checkpoint', 'relay-parked']);
    for (const { topic, partitions } of plannedTopics) expect(partitions).toBe(topics[topic as keyof typeof topics]?.partitions ?? 1);
  });

  it('are created once, events kept for ever and checkpoints compacted', async () => {
    expect(await deployTopics(admin, plans, 1)).toEqual(plans.map(({ topic }) => topic));
    expect(await deployTopics(admin, plans, 1)).toEqual([]);
    const [events, checkpoints] = plans;
    expect(await settingsOf(events!.topic)).toMatchObject({ 'retention.ms': '-1', 'retention.bytes': '-1', 'cleanup.policy': 'delete' });
    expect(await settingsOf(checkpoints!.topic)).toMatchObject({ 'cleanup.policy': 'compact' });
    const { topics: found } = await admin.fetchTopicMetadata({ topics: plans.map(({ topic }) => topic) });
    expect(Object.fromEntries(found.map(({ name, partitions }) => [name, partitions.length]))).toEqual({
      [events!.topic]: 3,
      [checkpoints!.topic]: 1,
    });
  });

  it('get their settings back, and keep what else was set', async () => {
    const [{ topic }] = plans as [TopicPlan];
    const configEntries = [
      { name: 'retention.ms', value: '604800000' },
      { name: 'segment.ms', value: '3600000' },
    ];
    await admin.createTopics({ topics: [{ topic, numPartitions: 3, replicationFactor: 1, configEntries }], waitForLeaders: true });
    await deployTopics(admin, plans, 1);
    expect(await settingsOf(topic)).toMatchObject({ 'retention.ms': '-1', 'segment.ms': '3600000' });
  });

  it.each(
    plannedTopics.flatMap(({ topic, config }) =>
      ['catalog', 'relay-checkpoint'].includes(topic) ? Object.entries(config).map(([name, value]) => [topic, name, value] as const) : [],
    ),
  )('get %s: %s=%s, when they are made and after somebody has changed it', async (planned, name, value) => {
    const plan = plans.find(({ topic }) => topic.endsWith(planned))!;
    await deployTopics(admin, [plan], 1);
    expect(await settingsOf(plan.topic)).toMatchObject({ [name]: value });
    const configEntries = [{ name, value: others[name]! }];
    await admin.alterConfigs({
      validateOnly: false,
      resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: plan.topic, configEntries }],
    });
    await vi.waitFor(async () => expect(await settingsOf(plan.topic)).toMatchObject({ [name]: others[name] }), 10_000);
    await deployTopics(admin, [plan], 1);
    expect(await settingsOf(plan.topic)).toMatchObject({ [name]: value });
  });

  it('take an event of any time, by whatever clock', async () => {
    await deployTopics(admin, plans, 1);
    const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner, retry: { retries: 0 } });
    await producer.connect();
    for (const time of ['2002-01-01', '2286-01-01']) {
      for (const { topic } of plans)
        await producer.send({ topic, messages: [{ key: 'a', value: 'b', timestamp: String(Date.parse(time)) }] });
    }
    await producer.disconnect();
  });

  it('are refused when the cluster does not keep a setting, which is named', async () => {
    const [plan] = plans as [TopicPlan];
    await deployTopics(admin, [plan], 1);
    const stubborn = Object.assign(Object.create(admin) as Admin, { alterConfigs: async () => ({ resources: [], throttleTime: 0 }) });
    const other = { ...plan, config: { ...plan.config, 'retention.ms': '1000' } };
    await expect(deployTopics(stubborn, [other], 1)).rejects.toThrow(
      `topic ${plan.topic} has retention.ms=-1, and the platform relies on 1000`,
    );
  });

  it('are refused with another partition count', async () => {
    const [{ topic }] = plans as [TopicPlan];
    await admin.createTopics({ topics: [{ topic, numPartitions: 2, replicationFactor: 1 }], waitForLeaders: true });
    await expect(deployTopics(admin, plans, 1)).rejects.toThrow(`topic ${topic} has 2 partitions, its contract says 3`);
  });
});
