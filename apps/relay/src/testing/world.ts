// A log and topics of a test's own, the relays that stand between them, and what readers of the topics see.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Contracts } from '@orderstream/contracts';
import type { EventToAppend } from '@orderstream/event-sourcing';
import { EventStoreDb } from '@orderstream/eventstoredb';
import { askKafka, createKafka, SchemaRegistryCodec } from '@orderstream/kafka';
import { silentLogger } from '@orderstream/messaging';
import kafkajs, { type Consumer, type Kafka, type Message } from 'kafkajs';
import { deploySchemas } from '../../../../infra/deploy/src/schemas.ts';
import type { DeployedPorts } from '../relay.module.ts';
import { Relay } from '../relay.ts';
import type { Shard } from '../shard.ts';

const brokers = process.env['TEST_KAFKA_BROKERS']!.split(',');
const registryUrl = process.env['TEST_SCHEMA_REGISTRY_URL']!;
const root = path.resolve(import.meta.dirname, '../../../..');
const fromSource = ['--conditions=@orderstream/source', '--disable-warning=ExperimentalWarning'];

export interface SeenRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly stream: string;
  readonly revision: number;
  readonly id: string;
}

/** A process of the test, and the lines that it has written so far. */
export interface Started {
  readonly process: ChildProcess;
  readonly lines: string[];
}

function start(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Started {
  const child = spawn(process.execPath, [...fromSource, path.join(root, program), ...args], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  return { process: child, lines };
}

export async function kill({ process: child }: Started, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}

const WRITTEN_AT_ONCE = 500;

export class World {
  readonly #id = randomUUID().slice(0, 8);
  readonly kafka: Kafka;
  readonly shard: Shard = {
    name: 'test',
    transactionalId: `test-relay-${this.#id}`,
    stateTopic: `test-${this.#id}-checkpoint`,
    parkedTopic: `test-${this.#id}-parked`,
    statePartition: 0,
    routes: { product: `test-${this.#id}-catalog`, order: `test-${this.#id}-orders` },
    partitions: { [`test-${this.#id}-catalog`]: 3, [`test-${this.#id}-orders`]: 2 },
  };
  readonly topics = Object.keys(this.shard.partitions);
  readonly stateTopics = [this.shard.stateTopic, this.shard.parkedTopic];
  readonly #relays: Relay[] = [];
  readonly #processes: Started[] = [];
  readonly #stores: EventStoreDb[] = [];
  /** The ids of each stream's events that must reach their topic, in order. */
  readonly #stored = new Map<string, string[]>();
  readonly #consumers: Consumer[] = [];
  readonly #folders: string[] = [];
  #emulator: Started | null = null;
  eventStoreUrl = '';

  /** @param clientId what the broker's log calls it. */
  constructor(clientId: string) {
    this.kafka = createKafka({ clientId, brokers, logger: silentLogger });
  }

  async open(): Promise<void> {
    await Promise.all([this.startEventStore(), deploySchemas(registryUrl), this.createTopics()]);
  }

  async createTopics(names = [...this.topics, ...this.stateTopics]): Promise<void> {
    const compacted = [{ name: 'cleanup.policy', value: 'compact' }];
    const topics = names.map((topic) => {
      const numPartitions = this.shard.partitions[topic];
      return numPartitions === undefined ? { topic, numPartitions: 1, configEntries: compacted } : { topic, numPartitions };
    });
    await askKafka(this.kafka, (admin) => admin.createTopics({ waitForLeaders: true, topics }));
  }

  /** On the port that it had before, when there was one; with the data that it had, unless `empty`. */
  async startEventStore({ empty = false } = {}): Promise<void> {
    if (empty || this.#folders.length === 0) this.#folders.push(await mkdtemp(path.join(tmpdir(), 'orderstream-relay-')));
    const folder = this.#folders.at(-1)!;
    const port = this.eventStoreUrl === '' ? '0' : new URL(this.eventStoreUrl).port;
    const emulator = start('infra/eventstore-emulator/src/main.ts', ['--port', port, '--db', folder, '--insecure']);
    this.#emulator = emulator;
    while (emulator.lines.length === 0) await once(emulator.process.stdout!, 'data');
    this.eventStoreUrl = `esdb://127.0.0.1:${/:(\d+)/.exec(emulator.lines[0]!)![1]}?tls=false`;
  }
  async stopEventStore(): Promise<void> {
    await kill(this.#emulator!);
  }

  get store(): EventStoreDb {
    return this.#stores[0] ?? this.newStore();
  }

  newStore(): EventStoreDb {
    const store = new EventStoreDb(this.eventStoreUrl);
    this.#stores.push(store);
    return store;
  }

  async append(stream: string, events: readonly EventToAppend[]): Promise<void> {
    const ids = this.#stored.get(stream) ?? [];
    this.#stored.set(stream, [...ids, ...events.map(({ id }) => id)]);
    const appended = await this.store.append(stream, events, ids.length === 0 ? 'no_stream' : ids.length - 1);
    if (!appended.ok) throw new Error(`${stream} is at ${appended.actual}`);
  }

  /** Events over several streams, which take turns in the log. */
  async appendMany(count: number, streams = 10, perAppend = 50): Promise<void> {
    const skus = Array.from({ length: streams }, () => randomUUID().slice(0, 8));
    for (let written = 0; written < count; written += streams * perAppend) {
      await Promise.all(
        skus.map((sku, index) => {
          const [category, event] = index % 2 === 0 ? (['order', delivered] as const) : (['product', listed] as const);
          return this.append(
            `${category}-${sku}`,
            Array.from({ length: perAppend }, () => event(sku)),
          );
        }),
      );
    }
  }

  /** Where the log ends, as far as it concerns the shard. */
  async end(): Promise<bigint | null> {
    return this.store.lastPosition(Object.keys(this.shard.routes));
  }

  get stored(): ReadonlyMap<string, readonly string[]> {
    return this.#stored;
  }

  ports(shard = this.shard, kafka = this.kafka, known?: Contracts): DeployedPorts {
    return { store: this.newStore(), kafka, codec: new SchemaRegistryCodec(registryUrl, known), shard };
  }

  relay(shard = this.shard, kafka = this.kafka, known?: Contracts): Relay {
    const relay = new Relay(this.ports(shard, kafka, known), silentLogger);
    this.#relays.push(relay);
    return relay;
  }

  relayProcess(): Started {
    const settings = { eventStoreUrl: this.eventStoreUrl, brokers, registryUrl, shard: this.shard };
    const started = start('apps/relay/src/testing/relay-process.ts', [], { RELAY_UNDER_TEST: JSON.stringify(settings) });
    this.#processes.push(started);
    return started;
  }

  /** Records from the beginning on, as they become visible, until the test ends. */
  async observe(options: { readonly readUncommitted: boolean }, onRecord: (record: SeenRecord) => void): Promise<void> {
    const consumer = this.kafka.consumer({ groupId: `test-${randomUUID()}`, maxWaitTimeInMs: 20, ...options });
    this.#consumers.push(consumer);
    await consumer.connect();
    await consumer.subscribe({ topics: this.topics, fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachMessage: async ({ topic, partition, message: { key, offset, headers, value } }) => {
        const text = (name: string): string => String(headers?.[name] ?? '');
        const stream = key?.toString() ?? '';
        const id = stream === '' ? value!.toString() : text('ce_id');
        onRecord({ topic, partition, offset: BigInt(offset), stream, revision: Number(text('streamrevision')), id });
      },
    });
  }

  /**
   * Every record that a read-committed reader gets. A record of the test's own at the end of each
   * partition tells where that is; it would stay hidden behind a transaction that is still open.
   */
  async published(): Promise<SeenRecord[]> {
    const end = randomUUID();
    const producer = this.kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
    await producer.connect();
    const ends = this.topics.map((topic) => ({
      topic,
      messages: Array.from({ length: this.shard.partitions[topic]! }, (_, partition) => ({ partition, value: end })),
    }));
    await producer.sendBatch({ topicMessages: ends });
    await producer.disconnect();
    let open = ends.reduce((sum, { messages }) => sum + messages.length, 0);
    const records: SeenRecord[] = [];
    await new Promise<void>((resolve, reject) => {
      const note = (record: SeenRecord): void => {
        if (record.stream !== '') records.push(record);
        else if (record.id === end && --open === 0) resolve();
      };
      this.observe({ readUncommitted: false }, note).catch(reject);
    });
    return records;
  }

  /** Writes beside the relays, as whoever else may write to a topic could. */
  async write(topic: string, messages: Message[], { abort = false } = {}): Promise<void> {
    const transactionalId = `test-${randomUUID()}`;
    const producer = this.kafka.producer({
      transactionalId,
      maxInFlightRequests: 1,
      retry: { initialRetryTime: 5, multiplier: 1.2, retries: 50 },
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    });
    await producer.connect();
    for (let from = 0; from < messages.length; from += WRITTEN_AT_ONCE) {
      const transaction = await producer.transaction();
      await transaction.send({ topic, messages: messages.slice(from, from + WRITTEN_AT_ONCE) });
      await transaction[abort ? 'abort' : 'commit']();
    }
    await producer.disconnect();
  }

  async close(): Promise<void> {
    await Promise.all([
      ...this.#relays.map((relay) => relay.stop()),
      ...this.#processes.map((started) => kill(started)),
      ...this.#consumers.map((consumer) => consumer.disconnect()),
    ]);
    await Promise.all(this.#stores.map((store) => store.dispose()));
    if (this.#emulator !== null) await kill(this.#emulator);
    await askKafka(this.kafka, (admin) => admin.deleteTopics({ topics: [...this.topics, ...this.stateTopics] }));
    await Promise.all(this.#folders.map((folder) => rm(folder, { recursive: true, force: true })));
  }
}

const metadata = (): EventToAppend['metadata'] => ({ schemaVersion: 1, $correlationId: randomUUID(), $causationId: randomUUID() });
const at = '2026-01-01T00:00:00.000Z';

export function listed(sku: string): EventToAppend {
  const data = { sku, name: 'Tea', price: { amount: 250, currency: 'EUR' }, listedAt: at };
  return { id: randomUUID(), event: { type: 'ProductListed', data }, metadata: metadata() };
}

function delivered(): EventToAppend {
  return { id: randomUUID(), event: { type: 'OrderDelivered', data: { orderId: randomUUID(), deliveredAt: at } }, metadata: metadata() };
}
