import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setting } from '@orderstream/acceptance/platform';
import type { Environment } from '@orderstream/acceptance/settings';
import { askKafka, createKafka } from '@orderstream/kafka';
import { freePortBase } from '@orderstream/local-stack/ports';
import { startStack } from '@orderstream/local-stack/stack';
import { silentLogger } from '@orderstream/messaging';
import { type Comparison, type Measurements, type Ground, type Sample, inPairs, packageVersions } from './comparison.ts';
import type { Options } from './options.ts';
import { kafkaVersion } from './versions.ts';

const RUN_WITHIN_MS = 120_000;
/** Which broker leads each partition; all three have every record. */
const leaders = { one: [1, 1, 1], three: [1, 2, 3] } as const;
const sides = ['one', 'three'] as const;

/** The relay's transactions on three brokers: to partitions that are all led by one of them, and to partitions that are led by one each. */
export async function relayBrokers(options: Options, ground: Ground): Promise<Measurements> {
  const { dataDir, signal, onProgress } = ground;
  const only = ['kafka', 'kafka-2', 'kafka-3'] as const;
  const stack = await startStack({ dataDir, portBase: await freePortBase(), brokers: 3, only, signal, onProgress });
  return await compare(stack.env, options, ground);
}

async function compare(env: Environment, { pairs, seconds }: Options, { signal, onProgress }: Ground): Promise<Measurements> {
  await createTopics(setting(env, 'KAFKA_BROKERS'));
  const taken = await inPairs(
    pairs,
    (side) => run(sides[side], seconds, env, signal),
    (pair, [one, three]) => {
      const rate = ({ operations, seconds: took }: Sample): string => (operations / took).toFixed(0);
      onProgress(`pair ${pair} of ${pairs}: one leader ${rate(one)} transactions/s, three leaders ${rate(three)}`);
    },
  );
  const comparison: Comparison = {
    name: '12 records a transaction on 3 partitions, and their checkpoint; 3 brokers, replication 3, 2 in sync',
    unit: 'transactions',
    ratioOf: 'speed',
    sides: ['partitions that one broker leads', 'partitions that three brokers lead'],
    pairs: taken,
  };
  return { comparisons: [comparison], figures: [], versions: { kafka: kafkaVersion(), ...packageVersions(['kafkajs']) } };
}

async function createTopics(brokers: string): Promise<void> {
  const kafka = createKafka({ clientId: 'bench', brokers: brokers.split(','), logger: silentLogger });
  const topics = Object.entries(leaders).flatMap(([side, led]) => [
    topicLedBy(`events-${side}`, led),
    topicLedBy(`checkpoint-${side}`, led.slice(0, 1)),
  ]);
  await askKafka(kafka, (admin) => admin.createTopics({ waitForLeaders: true, topics }));
}

function topicLedBy(topic: string, led: readonly number[]) {
  const replicaAssignment = led.map((leader, partition) => ({
    partition,
    replicas: [leader, ...[1, 2, 3].filter((other) => other !== leader)],
  }));
  return { topic, replicaAssignment, configEntries: [{ name: 'min.insync.replicas', value: '2' }] };
}

/** A process and a producer of its own for every run. */
async function run(side: (typeof sides)[number], seconds: number, env: Environment, signal: AbortSignal): Promise<Sample> {
  const child = spawn(process.execPath, [...process.execArgv, join(import.meta.dirname, 'relay-brokers-run.js')], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env, BENCH_SIDE: side, BENCH_SECONDS: String(seconds) },
    signal: AbortSignal.any([signal, AbortSignal.timeout(RUN_WITHIN_MS)]),
  });
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  if (code !== 0) throw new Error(`the run with ${side} leaders ended with ${code}`);
  return JSON.parse(output) as Sample;
}
