import { randomUUID } from 'node:crypto';
import type { StoredEvent } from '@orderstream/event-sourcing';
import { type Logger, silentLogger } from '@orderstream/messaging';
import kafkajs, { type Kafka, type Message, type Producer } from 'kafkajs';
import { createKafka } from '../client.ts';
import { SchemaRegistryCodec } from '../codec.ts';
import { toRecord } from '../record.ts';
import { askKafka } from '../topics.ts';

export function kafkaOfTests(logger: Logger = silentLogger): Kafka {
  return createKafka({ clientId: 'test', brokers: process.env['TEST_KAFKA_BROKERS']!.split(','), logger });
}

export const registryUrlOfTests = (): string => process.env['TEST_SCHEMA_REGISTRY_URL']!;

/** A stored event of a product stream: small, and distinguishable by its revision. */
export function productListed(sku: string, revision: number): StoredEvent {
  const at = new Date(Date.UTC(2026, 0, 1, 0, 0, revision)).toISOString();
  return {
    id: randomUUID(),
    stream: `product-${sku}`,
    revision,
    event: {
      type: 'ProductListed',
      data: { sku, name: `Product ${sku}`, price: { amount: 1_000 + revision, currency: 'EUR' }, listedAt: at },
    },
    metadata: { schemaVersion: 1, $correlationId: randomUUID(), $causationId: randomUUID() },
    recordedAt: at,
  };
}

/** A topic of its own for one test, with a producer and what is needed to fill it. */
export class TopicOfATest {
  readonly name: string;
  readonly kafka: Kafka;
  readonly codec: SchemaRegistryCodec;
  readonly #producer: Producer;

  private constructor(name: string, kafka: Kafka, codec: SchemaRegistryCodec, producer: Producer) {
    this.name = name;
    this.kafka = kafka;
    this.codec = codec;
    this.#producer = producer;
  }

  static async create(partitions: number, config: Readonly<Record<string, string>> = {}): Promise<TopicOfATest> {
    const kafka = kafkaOfTests();
    const codec = new SchemaRegistryCodec(registryUrlOfTests());
    await codec.load();
    const producer = kafka.producer({
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
      transactionalId: `test-${randomUUID()}`,
      maxInFlightRequests: 1,
      idempotent: true,
      retry: { initialRetryTime: 5, multiplier: 1.2, retries: 50 },
    });
    await producer.connect();
    const topic = new TopicOfATest(`test-${randomUUID()}`, kafka, codec, producer);
    await topic.recreate(partitions, config);
    return topic;
  }

  async recreate(partitions: number, config: Readonly<Record<string, string>> = {}): Promise<void> {
    await askKafka(this.kafka, async (admin) => {
      if ((await admin.listTopics()).includes(this.name)) await admin.deleteTopics({ topics: [this.name] });
      // A deleted topic's name is free only a moment later.
      for (;;) {
        try {
          // The events are dated in the past: by default the broker would delete them at its next look.
          const configEntries = Object.entries({ 'retention.ms': '-1', ...config }).map(([name, value]) => ({ name, value }));
          await admin.createTopics({
            waitForLeaders: true,
            topics: [{ topic: this.name, numPartitions: partitions, replicationFactor: 1, configEntries }],
          });
          return;
        } catch (fault) {
          if (!String(fault).includes('already exists')) throw fault;
        }
      }
    });
  }

  /** Appends events of a product to one partition, in one transaction. */
  async append(partition: number, events: readonly StoredEvent[], end: 'commit' | 'abort' = 'commit'): Promise<void> {
    await this.appendMessages(
      events.map((event) => ({ ...toRecord(event, this.codec), partition })),
      end,
    );
  }

  async appendMessages(messages: Message[], end: 'commit' | 'abort' = 'commit'): Promise<void> {
    const transaction = await this.#producer.transaction();
    await transaction.send({ topic: this.name, messages });
    await transaction[end]();
  }

  /** What the group committed for each partition; null where nothing. */
  async committed(group: string): Promise<(number | null)[]> {
    const offsets = await askKafka(this.kafka, (admin) => admin.fetchOffsets({ groupId: group, topics: [this.name] }));
    return offsets[0]!.partitions
      .toSorted((a, b) => a.partition - b.partition)
      .map(({ offset }) => (Number(offset) < 0 ? null : Number(offset)));
  }

  async delete(): Promise<void> {
    await this.#producer.disconnect();
    // kafkajs sometimes asks for the topic's metadata once more when it is gone, and reports that.
    await askKafka(this.kafka, (admin) => admin.deleteTopics({ topics: [this.name] })).catch(() => {});
  }
}
