// One run of one side in a process of its own: reads a topic into Postgres, and prints how long that took.
import 'reflect-metadata';
import { Controller, type DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx, EventPattern, type KafkaContext, type MicroserviceOptions, Payload, Transport } from '@nestjs/microservices';
import { setting } from '@orderstream/acceptance/platform';
import { BatchConsumer, SchemaRegistryCodec, createKafka } from '@orderstream/kafka';
import { type EventBatch, Projector, consumerOf, silentLogger } from '@orderstream/messaging';
import { Database, PostgresProjectionStore } from '@orderstream/postgres';
import { PARTITIONS, type Placed, TOPIC, orderRows, upsertOrder } from './transport-orders.ts';

export interface RunResult {
  /** From the first record that reached a handler until the last one's commit. */
  readonly seconds: number;
  /** Of this process, in that time. */
  readonly cpuSeconds: number;
}

const group = setting(process.env, 'BENCH_GROUP');
const records = Number(setting(process.env, 'BENCH_RECORDS'));
const brokers = setting(process.env, 'KAFKA_BROKERS').split(',');
const codec = new SchemaRegistryCodec(setting(process.env, 'SCHEMA_REGISTRY_URL'));
const database = new Database({ url: setting(process.env, 'BENCH_DATABASE_URL') });
const projector = new Projector(new PostgresProjectionStore(database), { group: 'read-models', models: [] });

/** Shared by both sides: only how records reach the handler differs. */
const PARTITIONS_AT_ONCE = 3;
const fetching = { maxWaitTimeInMs: 100, maxBytesPerPartition: 512 * 1024, readUncommitted: false };

const finished = Promise.withResolvers<RunResult>();
let startedAtMs: number | null = null;
let cpuAtStart: NodeJS.CpuUsage;
let done = 0;

function started(): void {
  if (startedAtMs !== null) return;
  startedAtMs = performance.now();
  cpuAtStart = process.cpuUsage();
}

function applied(count: number): void {
  done += count;
  if (done < records) return;
  const { user, system } = process.cpuUsage(cpuAtStart);
  finished.resolve({ seconds: (performance.now() - startedAtMs!) / 1_000, cpuSeconds: (user + system) / 1e6 });
}

@Controller()
class PerMessage {
  @EventPattern(TOPIC, Transport.KAFKA)
  async onOrder(@Payload() value: Buffer, @Ctx() given: unknown): Promise<void> {
    started();
    const context = given as KafkaContext;
    const [decoded] = await codec.decode(TOPIC, [value]);
    const { data } = decoded!.event as Placed;
    const { offset } = context.getMessage();
    await database.transaction(async (transaction) => {
      const moved = await transaction.query(
        `UPDATE projection_position SET next_offset = $4, updated_at = clock_timestamp()
         WHERE group_name = $1 AND topic = $2 AND partition = $3 AND next_offset <= $5 RETURNING 1`,
        [group, TOPIC, context.getPartition(), BigInt(offset) + 1n, offset],
      );
      if (moved.length === 0) return;
      const { orderId, customerId, lines, total, placedAt } = data;
      await transaction.query(upsertOrder, [orderId, 0, customerId, JSON.stringify(lines), total.amount, total.currency, placedAt]);
    });
    applied(1);
  }
}

const consumer = consumerOf('projection', group, TOPIC);

@Controller()
class PerBatch {
  @EventPattern(TOPIC, consumer.transport)
  async onOrders(@Payload() batch: EventBatch<Placed>): Promise<void> {
    started();
    await projector.project(batch, orderRows.apply);
    applied(batch.records.length);
  }
}

const logger = { ...silentLogger, error: console.error };

const sides: Readonly<Record<string, { readonly controller: new () => object; readonly options: () => MicroserviceOptions }>> = {
  'per-message': {
    controller: PerMessage,
    options: () => ({
      transport: Transport.KAFKA,
      options: {
        postfixId: '',
        client: { clientId: 'bench', brokers },
        consumer: { groupId: group, ...fetching },
        subscribe: { fromBeginning: true },
        run: { partitionsConsumedConcurrently: PARTITIONS_AT_ONCE },
      },
    }),
  },
  batch: {
    controller: PerBatch,
    options: () => {
      const kafka = createKafka({ clientId: 'bench', brokers, logger });
      return { strategy: new BatchConsumer({ kafka, codec, consumer, progress: projector, logger }) };
    },
  },
};

// A projector finds its positions there; handling single messages needs them as well.
await projector.load(
  group,
  TOPIC,
  Array.from({ length: PARTITIONS }, (_, partition) => partition),
);
const { controller, options } = sides[setting(process.env, 'BENCH_SIDE')]!;
const root: DynamicModule = { module: class {}, controllers: [controller] };
const app = await NestFactory.createMicroservice<MicroserviceOptions>(root, { ...options(), logger: ['error'] });
await app.listen();
console.log(JSON.stringify(await finished.promise));
process.exit();
