import type { DynamicModule } from '@nestjs/common';
import { type Category, contracts, type EventOf } from '@orderstream/contracts';
import type { DomainEvent, StoredEvent } from '@orderstream/event-sourcing';
import { EventStoreDb } from '@orderstream/eventstoredb';
import type { BatchConsumer } from '@orderstream/kafka';
import { type Consumer, type DeliveredEvent, Projector, readModelsGroup } from '@orderstream/messaging';
import { batchOf } from '@orderstream/messaging/testing';
import type { Migration } from '@orderstream/postgres';
import { databaseOfSpec, runSql } from '@orderstream/postgres/testing';
import {
  CONSUMERS,
  createLogger,
  type Logger,
  parseConfig,
  type RunningService,
  type ServiceOptions,
  startService,
} from '@orderstream/service';
import { afterAll } from 'vitest';
import type { z } from 'zod';
import type { platformConfig } from '../config.ts';
import { type Answer, request } from './answer.ts';

/** Kafka does not have it, so that a service may hear of Kafka's partitions, too. */
const PARTITION = 1_000;

/** What a service's `main.ts` runs, and its database. */
export interface ServiceParts<Config extends z.ZodObject<typeof platformConfig>> {
  readonly name: string;
  readonly config: Config;
  readonly module: { with(config: z.output<Config>, logger: Logger): DynamicModule };
  readonly metrics?: NonNullable<ServiceOptions['metrics']>;
  readonly migrations: readonly Migration[];
  /** Settings of its own, and other ones than those of the test's servers. */
  readonly environment?: Readonly<Record<string, string>>;
}

type EventIn<Stream extends string> = Stream extends `${infer Of extends Category}-${string}` ? EventOf<Of> : DomainEvent;

/** As relay and Kafka bring it. */
export function relayed<Event extends DomainEvent>({ metadata, ...stored }: StoredEvent<Event>): DeliveredEvent<Event> {
  return { ...stored, correlationId: metadata.$correlationId, causationId: metadata.$causationId };
}

/** One process of a service. */
export class ServiceUnderTest {
  readonly url: string;
  readonly #name: string;
  readonly #running: RunningService;

  constructor(name: string, running: RunningService) {
    this.#name = name;
    this.url = running.url;
    this.#running = running;
  }

  stop(): Promise<void> {
    return this.#running.stop();
  }

  readonly call = <Body = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer<Body>> => request(`${this.url}${path}`, method, body, headers);

  /** Hands events of one topic to a reaction or a process, as its next batch. Batches follow each other unless it is a reaction. */
  readonly deliver = async (events: readonly DeliveredEvent[], { kind, name: group, transport }: Consumer): Promise<void> => {
    const [first] = events;
    if (first === undefined) return;
    const { app } = this.#running;
    const { topic } = contracts.of(first.event.type)!;
    if (kind === 'process') await app.get(Projector).load(group, topic, [PARTITION]);
    const member = app.get<readonly BatchConsumer[]>(CONSUMERS).find(({ transportId }) => transportId === transport)!;
    await member.deliver(batchOf({ group, topic, partition: PARTITION }, events));
  };

  /** Hands events to all read models: one batch a topic. Batches follow each other. */
  readonly project = async (events: readonly DeliveredEvent[]): Promise<void> => {
    const projector = this.#running.app.get(Projector);
    const group = readModelsGroup(this.#name);
    for (const [topic, own] of Map.groupBy(events, ({ event }) => contracts.of(event.type)!.topic)) {
      await projector.load(group, topic, [PARTITION]);
      await projector.take(batchOf({ group, topic, partition: PARTITION }, own));
    }
  };
}

/**
 * A service on the test's servers (`TEST_*`), with a database of its own until the spec ends. Nothing comes to it from
 * Kafka unless its environment says so: the test hands it its batches, so that only the test's own events count.
 */
export async function serviceUnderTest<Config extends z.ZodObject<typeof platformConfig>>(parts: ServiceParts<Config>) {
  const { name, module, metrics = () => [], migrations } = parts;
  const databaseUrl = await databaseOfSpec(migrations);
  const store = new EventStoreDb(process.env['TEST_EVENTSTORE_URL']!);
  const start = async (environment: Readonly<Record<string, string>> = {}): Promise<ServiceUnderTest> => {
    const config = parseConfig(parts.config, {
      PORT: '0',
      LOG_LEVEL: 'fatal',
      EVENTSTORE_URL: process.env['TEST_EVENTSTORE_URL'],
      KAFKA_BROKERS: '127.0.0.1:1',
      SCHEMA_REGISTRY_URL: process.env['TEST_SCHEMA_REGISTRY_URL'],
      DATABASE_URL: databaseUrl,
      ...parts.environment,
      ...environment,
    });
    const logger = createLogger(name, config);
    return new ServiceUnderTest(name, await startService({ name, config, logger, module: module.with(config, logger), metrics }));
  };
  const service = await start();
  afterAll(async () => {
    await service.stop();
    await store.dispose();
  });
  const eventsIn = async <Stream extends string>(stream: Stream): Promise<StoredEvent<EventIn<Stream>>[]> =>
    (await Array.fromAsync(store.read(stream))) as StoredEvent<EventIn<Stream>>[];
  return {
    service,
    /** Another process of it, with some settings changed; the test stops it. */
    start,
    eventsIn,
    typesIn: async (stream: string): Promise<string[]> => (await eventsIn(stream)).map(({ event }) => event.type),
    /** A statement in the service's database. */
    sql: <Row extends object>(text: string, params?: readonly unknown[]): Promise<Row[]> => runSql<Row>(databaseUrl, text, params),
  };
}
