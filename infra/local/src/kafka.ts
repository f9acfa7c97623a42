// Apache Kafka in KRaft mode: one node, or three that are each a broker and a controller.
import { execFile } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { Kafka, logLevel } from 'kafkajs';
import { fetchedServer, javaProgram, JVM_LOCALE, QUICK_START } from './java.ts';
import { type BrokerName, brokerNames, type PortName } from './layout.ts';
import { HOST, type Launch, type Server, type ServerContext } from './server.ts';

const PROBE_TIMEOUT_MS = 3_000;
// Without retries, kafkajs gives up before it knows the brokers.
const RETRY = { retries: 2, initialRetryTime: 50 };
const PROBE = 'orderstream-stack-probe';

const numberOf = (name: BrokerName): number => brokerNames.indexOf(name) + 1;
const controllerOf = (name: BrokerName): PortName => name.replace('kafka', 'kafka-controller') as PortName;

function properties(name: BrokerName, { ports, brokers }: ServerContext, logDir: string): string {
  const broker = `PLAINTEXT://${HOST}:${ports[name]}`;
  const controller = (of: BrokerName): string => `${HOST}:${ports[controllerOf(of)]}`;
  return `${Object.entries({
    'process.roles': 'broker,controller',
    'node.id': numberOf(name),
    listeners: `${broker},CONTROLLER://${controller(name)}`,
    'advertised.listeners': broker,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
    'controller.quorum.voters': brokerNames
      .slice(0, brokers)
      .map((each) => `${numberOf(each)}@${controller(each)}`)
      .join(','),
    'log.dirs': logDir,
    'default.replication.factor': brokers,
    'offsets.topic.replication.factor': brokers,
    'offsets.topic.num.partitions': 1,
    'transaction.state.log.replication.factor': brokers,
    'transaction.state.log.min.isr': brokers === 1 ? 1 : 2,
    'transaction.state.log.num.partitions': 1,
    'group.initial.rebalance.delay.ms': 0,
    'auto.create.topics.enable': false,
  })
    .map(([name, value]) => `${name}=${value}`)
    .join('\n')}\n`;
}

/** Sixteen bytes in base64url, as its own tool makes them, the same for each broker; a dash in front would read as an option. */
const clusterIdOf = (secret: string): string =>
  `A${createHmac('sha256', secret).update('kafka').digest().subarray(0, 16).toString('base64url').slice(1)}`;

async function prepare(name: BrokerName, context: ServerContext): Promise<Launch> {
  const folder = path.join(context.dataDir, 'kafka');
  // Both relative to the folder that it runs in: an absolute path may have characters that a properties file reads
  // differently (it is Latin-1 with escapes), and commas, which would make several folders of it.
  const suffix = name === 'kafka' ? '' : `-${numberOf(name)}`;
  const logDir = `log${suffix}`;
  const settings = `server${suffix}.properties`;
  const classpath = path.join(fetchedServer('kafka'), '*');
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, settings), properties(name, context, logDir));
  if (!existsSync(path.join(folder, logDir, 'meta.properties'))) {
    const format = ['format', '-t', clusterIdOf(context.secret), '-c', settings, '--ignore-formatted'];
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
      settings,
    ],
  };
}

/** The port answers before the coordinators of groups and transactions do, so both are tried. */
async function probe(name: BrokerName, { ports }: ServerContext): Promise<void> {
  const client = new Kafka({
    clientId: PROBE,
    brokers: [`${HOST}:${ports[name]}`],
    logLevel: logLevel.NOTHING,
    connectionTimeout: PROBE_TIMEOUT_MS,
    requestTimeout: PROBE_TIMEOUT_MS,
    retry: RETRY,
  });
  const admin = client.admin();
  const producer = client.producer({
    transactionalId: `${PROBE}-${numberOf(name)}`,
    idempotent: true,
    maxInFlightRequests: 1,
    retry: RETRY,
  });
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

export function kafkaBroker(name: BrokerName): Server {
  return {
    name,
    ports: [name, controllerOf(name)],
    prepare: (context) => prepare(name, context),
    probe: (context) => probe(name, context),
  };
}
