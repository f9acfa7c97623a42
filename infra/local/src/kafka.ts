// Apache Kafka, one node in KRaft mode.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { Kafka, logLevel } from 'kafkajs';
import { fetchedServer, javaProgram, JVM_LOCALE, QUICK_START } from './java.ts';
import { HOST, type Launch, type Server, type ServerContext } from './server.ts';

const PROBE_TIMEOUT_MS = 3_000;
// Without any, kafkajs gives up before it has learnt the brokers.
const RETRY = { retries: 2, initialRetryTime: 50 };
const PROBE = 'orderstream-stack-probe';
// Seen from the folder that it runs in: a path of somebody's choosing may have what a properties file reads otherwise
// (it knows Latin-1 and escapes), and commas, which would make several folders of it.
const SETTINGS = 'server.properties';
const LOG_DIR = 'log';

function properties({ ports }: ServerContext): string {
  const broker = `PLAINTEXT://${HOST}:${ports.kafka}`;
  const controller = `${HOST}:${ports['kafka-controller']}`;
  return `${Object.entries({
    'process.roles': 'broker,controller',
    'node.id': 1,
    listeners: `${broker},CONTROLLER://${controller}`,
    'advertised.listeners': broker,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
    'controller.quorum.voters': `1@${controller}`,
    'log.dirs': LOG_DIR,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 1,
    'group.initial.rebalance.delay.ms': 0,
    'auto.create.topics.enable': false,
  })
    .map(([name, value]) => `${name}=${value}`)
    .join('\n')}\n`;
}

async function prepare(context: ServerContext): Promise<Launch> {
  const folder = path.join(context.dataDir, 'kafka');
  const classpath = path.join(fetchedServer('kafka'), '*');
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, SETTINGS), properties(context));
  if (!existsSync(path.join(folder, LOG_DIR, 'meta.properties'))) {
    // Sixteen bytes in base64url, as its own tool makes them; a dash in front would read as an option.
    const id = `A${randomBytes(16).toString('base64url').slice(1)}`;
    const format = ['format', '-t', id, '-c', SETTINGS, '--ignore-formatted'];
    await promisify(execFile)(javaProgram(), ['-cp', classpath, 'kafka.tools.StorageTool', ...format], {
      cwd: folder,
      env: { ...process.env, ...JVM_LOCALE },
    });
  }
  return {
    command: javaProgram(),
    cwd: folder,
    env: JVM_LOCALE,
    args: [
      ...QUICK_START,
      '-Xms256m',
      '-Xmx512m',
      '-Dorg.slf4j.simpleLogger.showDateTime=true',
      '-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss.SSS',
      '-cp',
      classpath,
      'kafka.Kafka',
      SETTINGS,
    ],
  };
}

/** The port answers before the coordinators of groups and transactions do: both are asked for work. */
async function probe({ ports }: ServerContext): Promise<void> {
  const client = new Kafka({
    clientId: PROBE,
    brokers: [`${HOST}:${ports.kafka}`],
    logLevel: logLevel.NOTHING,
    connectionTimeout: PROBE_TIMEOUT_MS,
    requestTimeout: PROBE_TIMEOUT_MS,
    retry: RETRY,
  });
  const admin = client.admin();
  const producer = client.producer({ transactionalId: PROBE, idempotent: true, maxInFlightRequests: 1, retry: RETRY });
  try {
    await admin.connect();
    await admin.describeGroups([PROBE]);
    await producer.connect();
    const transaction = await producer.transaction();
    await transaction.abort();
  } finally {
    await Promise.allSettled([admin.disconnect(), producer.disconnect()]);
  }
}

export const kafka: Server = {
  name: 'kafka',
  ports: ['kafka', 'kafka-controller'],
  prepare,
  probe,
};
