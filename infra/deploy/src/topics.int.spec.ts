import { randomUUID } from 'node:crypto';
import { topics } from '@orderstream/contracts';
import { createKafka, type Logger } from '@orderstream/kafka';
import kafkajs, { type Admin } from 'kafkajs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { deployTopics, plannedTopics, type TopicPlan } from './topics.ts';

const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
let admin: Admin;
let plans: TopicPlan[];

beforeAll(async () => {
  admin = createKafka({ clientId: 'test', brokers: process.env['TEST_KAFKA_BROKERS']!.split(','), logger: silent }).admin();
  await admin.connect();
});
afterAll(() => admin.disconnect());
beforeEach(() => {
  const name = (topic: string): string => `test-${randomUUID()}-${topic}`;
  plans = plannedTopics.filter(({ topic }) => ['catalog', 'relay-checkpoint'].includes(topic)).map((plan) => ({ ...plan, topic: name(plan.topic) }));
});

async function settingsOf(topic: string): Promise<Record<string, string>> {
  const { resources } = await admin.describeConfigs({ includeSynonyms: false, resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic }] });
  return Object.fromEntries(resources[0]!.configEntries.map(({ configName, configValue }) => [configName, configValue]));
}

describe('the topics of the platform', () => {
  it('are those of the contracts, and one for the checkpoints of the relay', () => {
    expect(plannedTopics.map(({ topic }) => topic)).toEqual([...Object.keys(topics), 'relay-checkpoint']);
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
    const configEntries = [{ name: 'retention.ms', value: '604800000' }, { name: 'segment.ms', value: '3600000' }];
    await admin.createTopics({ topics: [{ topic, numPartitions: 3, replicationFactor: 1, configEntries }], waitForLeaders: true });
    await deployTopics(admin, plans, 1);
    expect(await settingsOf(topic)).toMatchObject({ 'retention.ms': '-1', 'segment.ms': '3600000' });
  });

  it('are refused with another partition count', async () => {
    const [{ topic }] = plans as [TopicPlan];
    await admin.createTopics({ topics: [{ topic, numPartitions: 2, replicationFactor: 1 }], waitForLeaders: true });
    await expect(deployTopics(admin, plans, 1)).rejects.toThrow(`topic ${topic} has 2 partitions, its contract says 3`);
  });
});
