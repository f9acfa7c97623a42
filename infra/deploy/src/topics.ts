import { topics } from '@orderstream/contracts';
import kafkajs, { type Admin } from 'kafkajs';
import { Refused } from './refused.ts';

export interface TopicPlan {
  readonly topic: string;
  readonly partitions: number;
  readonly config: Readonly<Record<string, string>>;
}

const CHECKPOINT_TOPIC = 'relay-checkpoint';

/** Every topic of the platform. Events are kept for ever; of the relay's checkpoints only the last counts. */
export const plannedTopics: readonly TopicPlan[] = [
  ...Object.entries(topics).map(([topic, { partitions }]) => ({
    topic,
    partitions,
    config: { 'cleanup.policy': 'delete', 'retention.ms': '-1', 'retention.bytes': '-1' },
  })),
  { topic: CHECKPOINT_TOPIC, partitions: 1, config: { 'cleanup.policy': 'compact' } },
];

/**
 * Creates the topics that are missing, and checks those that are there: a key's order depends on the
 * partition count, and a topic that forgets can't be read from the beginning.
 *
 * @param replicationFactor from 3 on, a write needs two replicas.
 * @returns the topics that were created.
 * @throws Refused when a topic is there with another shape.
 */
export async function deployTopics(admin: Admin, plans: readonly TopicPlan[], replicationFactor: number): Promise<string[]> {
  const existing = new Set(await admin.listTopics());
  const missing = plans.filter(({ topic }) => !existing.has(topic));
  const present = plans.filter(({ topic }) => existing.has(topic));
  await checkTopics(admin, present);
  if (missing.length === 0) return [];
  const minInsyncReplicas = replicationFactor >= 3 ? '2' : '1';
  await admin.createTopics({
    waitForLeaders: true,
    topics: missing.map(({ topic, partitions, config }) => ({
      topic,
      numPartitions: partitions,
      replicationFactor,
      configEntries: Object.entries({ ...config, 'min.insync.replicas': minInsyncReplicas }).map(([name, value]) => ({ name, value })),
    })),
  });
  return missing.map(({ topic }) => topic);
}

async function checkTopics(admin: Admin, plans: readonly TopicPlan[]): Promise<void> {
  if (plans.length === 0) return;
  const { topics: found } = await admin.fetchTopicMetadata({ topics: plans.map(({ topic }) => topic) });
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: plans.map(({ topic, config }) => ({
      type: kafkajs.ConfigResourceTypes.TOPIC,
      name: topic,
      configNames: Object.keys(config),
    })),
  });
  const differences = plans.flatMap(({ topic, partitions, config }) => {
    const actual = found.find(({ name }) => name === topic)?.partitions.length ?? 0;
    const entries = resources.find(({ resourceName }) => resourceName === topic)?.configEntries ?? [];
    return [
      ...(actual === partitions ? [] : [`topic ${topic} has ${actual} partitions, its contract says ${partitions}`]),
      ...Object.entries(config).flatMap(([name, value]) => {
        const set = entries.find(({ configName }) => configName === name)?.configValue;
        return set === value ? [] : [`topic ${topic} has ${name}=${set ?? ''}, it must be ${value}`];
      }),
    ];
  });
  if (differences.length > 0) throw new Refused(differences.join('\n'));
}
