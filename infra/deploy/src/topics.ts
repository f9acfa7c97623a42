import { topics } from '@orderstream/contracts';
import kafkajs, { type Admin } from 'kafkajs';
import { Refused } from './refused.ts';

export interface TopicPlan {
  readonly topic: string;
  readonly partitions: number;
  readonly config: Readonly<Record<string, string>>;
}

const CHECKPOINT_TOPIC = 'relay-checkpoint';

/** The relay writes all events that a transaction has for one partition as one batch; the default limit is 1 MB. */
const LARGEST_BATCH_BYTES = 8 * 1024 * 1024;

/**
 * A relay that starts reads its checkpoints from the first to the last, and Kafka compacts only closed
 * segments: with the default of 1 GB that would be the checkpoints of days. This is the least it takes.
 */
const CHECKPOINT_SEGMENT_BYTES = 1024 * 1024;

/** Every topic of the platform. Events are kept for ever; of the relay's checkpoints only the last counts. */
export const plannedTopics: readonly TopicPlan[] = [
  ...Object.entries(topics).map(([topic, { partitions }]) => ({
    topic,
    partitions,
    config: {
      'cleanup.policy': 'delete',
      'retention.ms': '-1',
      'retention.bytes': '-1',
      'max.message.bytes': String(LARGEST_BATCH_BYTES),
    },
  })),
  {
    topic: CHECKPOINT_TOPIC,
    partitions: 1,
    config: { 'cleanup.policy': 'compact', 'segment.bytes': String(CHECKPOINT_SEGMENT_BYTES) },
  },
];

/**
 * Creates the topics that are missing, and gives those that are there their settings. Partitions are
 * never added: the order of a key depends on their count.
 *
 * @param replicationFactor of new topics; from 3 on, a write needs two replicas.
 * @returns the topics that were created.
 * @throws Refused when a topic is there with another partition count.
 */
export async function deployTopics(admin: Admin, plans: readonly TopicPlan[], replicationFactor: number): Promise<string[]> {
  const existing = new Set(await admin.listTopics());
  const missing = plans.filter(({ topic }) => !existing.has(topic));
  const present = plans.filter(({ topic }) => existing.has(topic));
  if (present.length > 0) {
    await checkPartitions(admin, present);
    await adjustSettings(admin, present);
  }
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

async function checkPartitions(admin: Admin, plans: readonly TopicPlan[]): Promise<void> {
  const { topics: found } = await admin.fetchTopicMetadata({ topics: plans.map(({ topic }) => topic) });
  const differences = plans.flatMap(({ topic, partitions }) => {
    const actual = found.find(({ name }) => name === topic)?.partitions.length ?? 0;
    return actual === partitions ? [] : [`topic ${topic} has ${actual} partitions, its contract says ${partitions}`];
  });
  if (differences.length > 0) throw new Refused(differences.join('; '));
}

async function adjustSettings(admin: Admin, plans: readonly TopicPlan[]): Promise<void> {
  const type = kafkajs.ConfigResourceTypes.TOPIC;
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: plans.map(({ topic }) => ({ type, name: topic })),
  });
  const changes = plans.flatMap(({ topic, config }) => {
    const entries = resources.find(({ resourceName }) => resourceName === topic)?.configEntries ?? [];
    const isAsPlanned = Object.entries(config).every(([name, value]) => entries.some((entry) => entry.configName === name && entry.configValue === value));
    if (isAsPlanned) return [];
    // The request replaces all that was set for a topic, so what somebody else has set goes along.
    const set = entries.filter(({ configSource }) => configSource === kafkajs.ConfigSource.TOPIC_CONFIG).map(({ configName, configValue }) => [configName, configValue]);
    const all = Object.entries({ ...Object.fromEntries(set), ...config } as Record<string, string>);
    return [{ type, name: topic, configEntries: all.map(([name, value]) => ({ name, value })) }];
  });
  if (changes.length > 0) await admin.alterConfigs({ validateOnly: false, resources: changes });
}
