import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setting } from '@orderstream/acceptance/platform';
import type { Environment } from '@orderstream/acceptance/settings';
import type { StoredEvent } from '@orderstream/event-sourcing';
import { SchemaRegistryCodec, askKafka, createKafka, toRecord } from '@orderstream/kafka';
import { freePortBase } from '@orderstream/local-stack/ports';
import { startStack } from '@orderstream/local-stack/stack';
import { silentLogger } from '@orderstream/messaging';
import { Database, migrate, platformTables } from '@orderstream/postgres';
import type { Kafka } from 'kafkajs';
import { type Comparison, type Measurements, type Ground, type Sample, inPairs, packageVersions } from './comparison.ts';
import type { Options } from './options.ts';
import { PARTITIONS, TOPIC, checksumIn, checksumOf, orderTable, placedOrders } from './transport-orders.ts';
import type { RunResult } from './transport-run.ts';
import { kafkaVersion } from './versions.ts';

const RECORDS_A_SEND = 500;
const RUN_WITHIN_MS = 600_000;
const sides = ['per-message', 'batch'] as const;

/**
 * One topic into one table, with the position in the transaction of the rows: message by message through
 * Nest's own Kafka transport, and batch by batch through ours.
 */
export async function transport(options: Options, ground: Ground): Promise<Measurements> {
  const { dataDir, signal, onProgress } = ground;
  const stack = await startStack({ dataDir, portBase: await freePortBase(), signal, onProgress });
  await stack.deploy();
  return await compare(stack.env, options, ground);
}

async function compare(env: Environment, { records, pairs }: Options, { signal, onProgress }: Ground): Promise<Measurements> {
  const orders = placedOrders(records);
  const kafka = createKafka({ clientId: 'bench', brokers: setting(env, 'KAFKA_BROKERS').split(','), logger: silentLogger });
  await fillTopic(kafka, new SchemaRegistryCodec(setting(env, 'SCHEMA_REGISTRY_URL')), orders);
  const url = await createDatabase(setting(env, 'ADMIN_DATABASE_URL'));
  const database = new Database({ url, poolSize: 1 });
  const right = { rows: records, checksum: checksumOf(orders) };
  const runSide = async (index: 0 | 1): Promise<Sample> => {
    const side = sides[index];
    await database.query('TRUNCATE bench_order, projection_position');
    await database.query('CHECKPOINT');
    const took = await run({ BENCH_SIDE: side, BENCH_DATABASE_URL: url, BENCH_RECORDS: String(records) }, env, signal);
    const found = await checksumIn(database);
    if (found.rows !== right.rows || found.checksum !== right.checksum) {
      throw new Error(`${side} left ${found.rows} rows with checksum ${found.checksum}, not ${right.rows} with ${right.checksum}`);
    }
    return { ...took, operations: records };
  };
  try {
    const taken = await inPairs(pairs, runSide, (pair, [usual, ours]) =>
      onProgress(`pair ${pair} of ${pairs}: ${sides[0]} ${usual.seconds.toFixed(2)} s, ${sides[1]} ${ours.seconds.toFixed(2)} s`),
    );
    const comparison: Comparison = {
      name: `${records} records`,
      unit: 'records',
      ratioOf: 'speed',
      sides: ["Nest's Kafka transport, a transaction a message", 'BatchConsumer and Projections, a transaction a batch'],
      pairs: taken,
    };
    const [found] = await database.query<{ server_version: string }>('SHOW server_version');
    const versions = {
      kafka: kafkaVersion(),
      postgres: found!.server_version,
      ...packageVersions(['kafkajs', '@nestjs/microservices', 'typeorm', 'pg']),
    };
    return { comparisons: [comparison], figures: [], versions };
  } finally {
    await database.close();
  }
}

async function fillTopic(kafka: Kafka, codec: SchemaRegistryCodec, orders: readonly StoredEvent[]): Promise<void> {
  await codec.load();
  await askKafka(kafka, (admin) =>
    admin.createTopics({ waitForLeaders: true, topics: [{ topic: TOPIC, numPartitions: PARTITIONS, replicationFactor: 1 }] }),
  );
  const producer = kafka.producer();
  await producer.connect();
  for (let from = 0; from < orders.length; from += RECORDS_A_SEND) {
    await producer.send({ topic: TOPIC, messages: orders.slice(from, from + RECORDS_A_SEND).map((order) => toRecord(order, codec)) });
  }
  await producer.disconnect();
}

async function createDatabase(adminUrl: string): Promise<string> {
  const name = `bench_${randomUUID().replaceAll('-', '')}`;
  const admin = new Database({ url: adminUrl, poolSize: 1 });
  await admin.query(`CREATE DATABASE ${name}`);
  await admin.close();
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  await migrate({ url: url.href, ownerRole: url.username, migrations: [platformTables] });
  const own = new Database({ url: url.href, poolSize: 1 });
  await own.query(orderTable);
  await own.close();
  return url.href;
}

/** A process and a consumer group of its own for every run. */
async function run(bench: Environment, env: Environment, signal: AbortSignal): Promise<RunResult> {
  const child = spawn(process.execPath, [...process.execArgv, join(import.meta.dirname, 'transport-run.js')], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env, ...bench, BENCH_GROUP: `bench-${randomUUID()}` },
    signal: AbortSignal.any([signal, AbortSignal.timeout(RUN_WITHIN_MS)]),
  });
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  if (code !== 0) throw new Error(`the run of ${bench['BENCH_SIDE']} ended with ${code}`);
  return JSON.parse(output) as RunResult;
}
