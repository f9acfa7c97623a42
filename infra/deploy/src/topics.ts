import { setTimeout as delay } from 'node:timers/promises';
import { topics } from '@orderstream/contracts';
import kafkajs, { type Admin } from 'kafkajs';
import { Refused } from './refused.ts';

export interface TopicPlan {
  readonly topic: string;
  readonly partitions: number;
  readonly config: Readonly<Record<string, string>>;
}

/** The relay writes all events that a transaction has for one partition as one batch; the default limit is 1 MB. */
const LARGEST_BATCH_BYTES = 8 * 1024 * 1024;

const SETTLED_WITHIN_MS = 5_000;
const SETTLING_PAUSE_MS = 100;

/** How far a record's time may differ from Kafka's clock: without limit. */
const ANY_TIME_MS = '9223372036854775807';

/**
 * What the platform relies on, whatever a cluster's defaults are. A record has the time at which its event was
 * stored, by whichever clock: by default Kafka refuses one that is an hour ahead of its own, and the relay would be
 * stuck. Not every reader can read what a broker has recompressed. And a leader that lacks acknowledged records
 * must not be elected.
 */
const everyTopic = {
  'message.timestamp.type': 'CreateTime',
  'message.timestamp.before.max.ms': ANY_TIME_MS,
  'message.timestamp.after.max.ms': ANY_TIME_MS,
  'compression.type': 'producer',
  'unclean.leader.election.enable': 'false',
  'max.message.bytes': String(LARGEST_BATCH_BYTES),
} as const;

/**
 * Kafka compacts only closed segments, whose least size this is: with the default of 1 GB the
 * checkpoints of days would stay. Markers of transactions go as long after their records.
 */
const compacted = {
  ...everyTopic,
  'cleanup.policy': 'compact',
  'segment.bytes': String(1024 * 1024),
  'delete.retention.ms': String(10 * 60_000),
} as const;

/** Every topic of the platform. Events are kept for ever; of the relay's checkpoints only the last counts. */
export const plannedTopics: readonly TopicPlan[] = [
  ...Object.entries(topics).map(([topic, { partitions }]) => ({
    topic,
    partitions,
    config: { ...everyTopic, 'cleanup.policy': 'delete', 'retention.ms': '-1', 'retention.bytes': '-1' },
  })),
  ...['relay-checkpoint', 'relay-parked'].map((topic) => ({ topic, partitions: 1, config: compacted })),
];

/**
 * Creates the topics that are missing, and sets the settings of the existing ones. Partitions are never added: the
 * order of a key depends on their count.
 *
 * @param replicationFactor of new topics; from 3 on, a write needs two replicas.
 * @returns the topics that were created.
 * @throws Refused when a topic exists with another partition count, or the cluster does not take a setting.
 */
export async function deployTopics(admin: Admin, plans: readonly TopicPlan[], replicationFactor: number): Promise<string[]> {
  const existing = new Set(await admin.listTopics());
  const missing = plans.filter(({ topic }) => !existing.has(topic));
  const present = plans.filter(({ topic }) => existing.has(topic));
  if (present.length > 0) {
    await checkPartitions(admin, present);
    await adjustSettings(admin, present);
  }
  if (missing.length > 0) await createTopics(admin, missing, replicationFactor);
  await checkSettings(admin, plans);
  return missing.map(({ topic }) => topic);
}

async function createTopics(admin: Admin, plans: readonly TopicPlan[], replicationFactor: number): Promise<void> {
  const minInsyncReplicas = replicationFactor >= 3 ? '2' : '1';
  await admin.createTopics({
    waitForLeaders: true,
    topics: plans.map(({ topic, partitions, config }) => ({
      topic,
      numPartitions: partitions,
      replicationFactor,
      configEntries: Object.entries({ ...config, 'min.insync.replicas': minInsyncReplicas }).map(([name, value]) => ({ name, value })),
    })),
  });
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
  const settings = await settingsOf(admin, plans);
  const changes = plans.flatMap(({ topic, config }) => {
    const entries = settings.get(topic) ?? [];
    if (unlike(config, entries).length === 0) return [];
    // The request replaces all settings of a topic, so those that somebody else has set are sent along.
    const set = entries
      .filter(({ configSource }) => configSource === kafkajs.ConfigSource.TOPIC_CONFIG)
      .map(({ configName, configValue }) => [configName, configValue]);
    const all = Object.entries({ ...Object.fromEntries(set), ...config } as Record<string, string>);
    return [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic, configEntries: all.map(([name, value]) => ({ name, value })) }];
  });
  if (changes.length > 0) await admin.alterConfigs({ validateOnly: false, resources: changes });
}

/**
 * A cluster whose owner pins a setting may accept the request and change nothing; one that changes it needs a
 * moment until its brokers know.
 */
async function checkSettings(admin: Admin, plans: readonly TopicPlan[]): Promise<void> {
  const giveUpAt = performance.now() + SETTLED_WITHIN_MS;
  for (;;) {
    const settings = await settingsOf(admin, plans);
    const differences = plans.flatMap(({ topic, config }) =>
      unlike(config, settings.get(topic) ?? []).map(
        ({ name, value, actual }) => `topic ${topic} has ${name}=${actual}, and the platform relies on ${value}`,
      ),
    );
    if (differences.length === 0) return;
    if (performance.now() > giveUpAt) throw new Refused(differences.join('; '));
    await delay(SETTLING_PAUSE_MS);
  }
}

type ConfigEntries = Awaited<ReturnType<Admin['describeConfigs']>>['resources'][number]['configEntries'];

async function settingsOf(admin: Admin, plans: readonly TopicPlan[]): Promise<ReadonlyMap<string, ConfigEntries>> {
  const resources = plans.map(({ topic }) => ({ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic }));
  const answer = await admin.describeConfigs({ includeSynonyms: false, resources });
  return new Map(answer.resources.map(({ resourceName, configEntries }) => [resourceName, configEntries]));
}

function unlike(config: TopicPlan['config'], entries: ConfigEntries): { name: string; value: string; actual: string }[] {
  return Object.entries(config).flatMap(([name, value]) => {
    const actual = entries.find(({ configName }) => configName === name)?.configValue ?? 'nothing';
    return actual === value ? [] : [{ name, value, actual }];
  });
}
