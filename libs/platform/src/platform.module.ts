import { type DynamicModule, Global, Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { EventStoreDb } from '@orderstream/eventstoredb';
import { BatchConsumer, CommittedOffsets, createKafka, SchemaRegistryCodec } from '@orderstream/kafka';
import { type Consumer, Projector, consumerOf, readModelsGroup } from '@orderstream/messaging';
import { PersonalData } from '@orderstream/personal-data';
import { Database, isProjection, ParkingTable, PostgresProjectionStore } from '@orderstream/postgres';
import { CONSUMERS, DEPENDENCIES, type Dependency, EVENT_STORE, type Logger } from '@orderstream/service';
import type { PlatformConfig } from './config.ts';

export interface PlatformOptions {
  /** As Kafka knows it. */
  readonly service: string;
  /** Has PERSONAL_DATA_DATABASE_URL for a service that reads or writes personal data. */
  readonly config: PlatformConfig & { readonly PERSONAL_DATA_DATABASE_URL?: string };
  readonly logger: Logger;
  readonly consumers: readonly Consumer[];
  /** What the service needs beside the platform. */
  readonly needs?: readonly Dependency[];
}

/**
 * What all services are made of: the event store, Postgres and Kafka, and a member for each consumer. Read models share one,
 * and run by themselves; reactions and processes have their `@EventPattern` methods. Nothing connects before it is used.
 */
@Global()
@Module({})
export class PlatformModule {
  static with({ service, config, logger, consumers, needs = [] }: PlatformOptions): DynamicModule {
    const store = new EventStoreDb(config.EVENTSTORE_URL);
    const tables = consumers.filter(isProjection).flatMap((projection) => projection.tables);
    const database = new Database({ url: config.DATABASE_URL, entities: tables.map(({ entity }) => entity) });
    const kafka = createKafka({ clientId: service, brokers: config.KAFKA_BROKERS, logger });
    const codec = new SchemaRegistryCodec(config.SCHEMA_REGISTRY_URL);
    const url = config.PERSONAL_DATA_DATABASE_URL;
    const personalData = url === undefined ? [] : [new PersonalData(url)];

    const models = consumers.filter(isProjection);
    const readModels = consumerOf('projection', readModelsGroup(service), ...new Set(models.flatMap(({ topics }) => topics)));
    const projector = new Projector(new PostgresProjectionStore(database), { group: readModels.name, models });
    const members = [readModels, ...consumers.filter((consumer) => !isProjection(consumer))].map((consumer) => {
      const progress = consumer.kind === 'reaction' ? new CommittedOffsets(kafka) : projector;
      const member = new BatchConsumer({ kafka, codec, consumer, progress, logger });
      if (consumer === readModels) for (const topic of consumer.topics) member.addHandler(topic, (batch) => projector.take(batch), true);
      return member;
    });
    const dependencies: readonly Dependency[] = [
      { name: 'eventstore', check: () => store.ping(), close: () => store.dispose() },
      { name: 'postgres', check: () => database.ping(), close: () => database.close() },
      ...personalData.map((each) => ({ name: 'personal-data', check: () => each.ping(), close: () => each.close() })),
      ...needs,
    ];
    const providers = [
      { provide: EVENT_STORE, useValue: store },
      { provide: Database, useValue: database },
      { provide: Projector, useValue: projector },
      { provide: ParkingTable, useValue: new ParkingTable(database) },
      { provide: CONSUMERS, useValue: members },
      { provide: DEPENDENCIES, useValue: dependencies },
      ...personalData.map((each) => ({ provide: PersonalData, useValue: each })),
    ];
    return {
      module: PlatformModule,
      imports: [CqrsModule.forRoot()],
      providers,
      exports: [CqrsModule, ...providers.map(({ provide }) => provide)],
    };
  }
}
