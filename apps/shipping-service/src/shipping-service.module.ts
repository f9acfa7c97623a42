import { type DynamicModule, Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { EventStoreDb } from '@orderstream/eventstoredb';
import { BatchConsumer, createKafka, SchemaRegistryCodec } from '@orderstream/kafka';
import type { PositionStore } from '@orderstream/messaging';
import { PersonalData } from '@orderstream/personal-data';
import { Database, ParkingTable, PostgresProcessTable, Projections } from '@orderstream/postgres';
import { CONSUMERS, DEPENDENCIES, EVENT_STORE, type Logger, ProcessWorker } from '@orderstream/service';
import type { ShippingServiceConfig } from './config.ts';
import { DISPATCHES_BY_DAY, SHIPMENT, SHIPMENT_SCHEDULING, SHIPMENT_TASKS } from './consumers.ts';
import { DispatchesByDay } from './dispatches-by-day.entity.ts';
import { DispatchesByDayProjection } from './dispatches-by-day.projection.ts';
import { ShipmentSchedulingReactor } from './shipment-scheduling.reactor.ts';
import { SHIPMENT_TIMES, type ShipmentTimes, ShipmentTasksProcess, type ShipmentWork } from './shipment-tasks.process.ts';
import { ShipmentTasksWorker } from './shipment-tasks.worker.ts';
import { ShipmentCommandsHandler } from './shipment.commands.ts';
import { ShipmentController } from './shipment.controller.ts';
import { Shipment } from './shipment.entity.ts';
import { ShipmentProjection } from './shipment.projection.ts';
import { queryHandlers } from './shipment.queries.ts';

/** Everything that the shipping service consists of. Nothing connects before it is used. */
@Module({})
export class ShippingServiceModule {
  static with(config: ShippingServiceConfig, logger: Logger): DynamicModule {
    const store = new EventStoreDb(config.EVENTSTORE_URL);
    const database = new Database({ url: config.DATABASE_URL, entities: [Shipment, DispatchesByDay] });
    const personalData = new PersonalData(config.PERSONAL_DATA_DATABASE_URL);
    const projections = new Projections(database);
    const tasks = new PostgresProcessTable<ShipmentWork>(database, 'shipment_task', 'order_id');
    const kafka = createKafka({ clientId: 'shipping-service', brokers: config.KAFKA_BROKERS, logger });
    const codec = new SchemaRegistryCodec(config.SCHEMA_REGISTRY_URL);

    const consumer = (transportId: symbol, positions?: PositionStore): BatchConsumer =>
      new BatchConsumer({ kafka, codec, group: transportId.description!, transportId, logger, ...(positions && { positions }) });
    const consumers = [
      consumer(SHIPMENT_SCHEDULING),
      consumer(SHIPMENT_TASKS, projections),
      consumer(SHIPMENT, projections),
      consumer(DISPATCHES_BY_DAY, projections),
    ];
    const times: ShipmentTimes = { dispatchDeadlineMs: config.DISPATCH_DEADLINE_MS, automaticCarrierMs: config.AUTOMATIC_CARRIER_MS };

    return {
      module: ShippingServiceModule,
      imports: [CqrsModule.forRoot()],
      controllers: [ShipmentController, ShipmentSchedulingReactor, ShipmentTasksProcess, ShipmentProjection, DispatchesByDayProjection],
      providers: [
        ShipmentCommandsHandler,
        ...queryHandlers,
        { provide: EVENT_STORE, useValue: store },
        { provide: Database, useValue: database },
        { provide: PersonalData, useValue: personalData },
        { provide: Projections, useValue: projections },
        { provide: ParkingTable, useValue: new ParkingTable(database) },
        { provide: PostgresProcessTable, useValue: tasks },
        { provide: ProcessWorker, useClass: ShipmentTasksWorker },
        { provide: SHIPMENT_TIMES, useValue: times },
        { provide: CONSUMERS, useValue: consumers },
        {
          provide: DEPENDENCIES,
          useValue: [
            { name: 'eventstore', check: () => store.ping(), close: () => store.dispose() },
            { name: 'postgres', check: () => database.ping(), close: () => database.close() },
            { name: 'personal-data', check: () => personalData.ping(), close: () => personalData.close() },
          ],
        },
      ],
      exports: [CONSUMERS, DEPENDENCIES],
    };
  }
}
