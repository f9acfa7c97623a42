import { type DynamicModule, Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { EventStoreDb } from '@orderstream/eventstoredb';
import { BatchConsumer, createKafka, SchemaRegistryCodec } from '@orderstream/kafka';
import type { PositionStore } from '@orderstream/messaging';
import { Database, ParkingTable, Projections } from '@orderstream/postgres';
import { CONSUMERS, DEPENDENCIES, EVENT_STORE, type Logger } from '@orderstream/service';
import type { InventoryServiceConfig } from './config.ts';
import { INVENTORY_RESERVATIONS, PRODUCT, RESERVATION, STOCK_LEVEL, STOCK_RESERVED_UNITS } from './consumers.ts';
import { queryHandlers } from './inventory.queries.ts';
import { ProductCommands } from './product.commands.ts';
import { ProductController } from './product.controller.ts';
import { Product } from './product.entity.ts';
import { ProductProjection } from './product.projection.ts';
import { ReservationController } from './reservation.controller.ts';
import { Reservation } from './reservation.entity.ts';
import { ReservationProjection } from './reservation.projection.ts';
import { ReservationsReactor } from './reservations.reactor.ts';
import { ReservedUnits } from './reserved-units.entity.ts';
import { ReservedUnitsProjection } from './reserved-units.projection.ts';
import { StockLevel } from './stock-level.entity.ts';
import { StockLevelProjection } from './stock-level.projection.ts';
import { StockCommands } from './stock.commands.ts';
import { StockController } from './stock.controller.ts';

/** Everything that the inventory service consists of. Nothing connects before it is used. */
@Module({})
export class InventoryServiceModule {
  static with(config: InventoryServiceConfig, logger: Logger): DynamicModule {
    const store = new EventStoreDb(config.EVENTSTORE_URL);
    const database = new Database({ url: config.DATABASE_URL, entities: [Product, StockLevel, Reservation, ReservedUnits] });
    const projections = new Projections(database);
    const kafka = createKafka({ clientId: 'inventory-service', brokers: config.KAFKA_BROKERS, logger });
    const codec = new SchemaRegistryCodec(config.SCHEMA_REGISTRY_URL);

    const consumer = (transportId: symbol, positions?: PositionStore): BatchConsumer =>
      new BatchConsumer({ kafka, codec, group: transportId.description!, transportId, logger, ...(positions && { positions }) });
    const consumers = [
      consumer(INVENTORY_RESERVATIONS),
      consumer(PRODUCT, projections),
      consumer(STOCK_LEVEL, projections),
      consumer(RESERVATION, projections),
      consumer(STOCK_RESERVED_UNITS, projections),
    ];

    return {
      module: InventoryServiceModule,
      imports: [CqrsModule.forRoot()],
      controllers: [
        ProductController,
        StockController,
        ReservationController,
        ReservationsReactor,
        ProductProjection,
        StockLevelProjection,
        ReservationProjection,
        ReservedUnitsProjection,
      ],
      providers: [
        ProductCommands.Handler,
        StockCommands.Handler,
        ...queryHandlers,
        { provide: EVENT_STORE, useValue: store },
        { provide: Database, useValue: database },
        { provide: Projections, useValue: projections },
        { provide: ParkingTable, useValue: new ParkingTable(database) },
        { provide: CONSUMERS, useValue: consumers },
        {
          provide: DEPENDENCIES,
          useValue: [
            { name: 'eventstore', check: () => store.ping(), close: () => store.dispose() },
            { name: 'postgres', check: () => database.ping(), close: () => database.close() },
          ],
        },
      ],
      exports: [CONSUMERS, DEPENDENCIES],
    };
  }
}
