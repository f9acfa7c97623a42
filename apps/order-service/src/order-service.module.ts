import { type DynamicModule, Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { EventStoreDb } from '@orderstream/eventstoredb';
import { BatchConsumer, createKafka, SchemaRegistryCodec } from '@orderstream/kafka';
import type { PositionStore } from '@orderstream/messaging';
import { PersonalData } from '@orderstream/personal-data';
import { Database, ParkingTable, Projections } from '@orderstream/postgres';
import { CONSUMERS, DEPENDENCIES, EVENT_STORE, type Logger } from '@orderstream/service';
import type { OrderServiceConfig } from './config.ts';
import { ORDER_DEMAND, ORDER_FULFILMENT, ORDER_PRICE_LIST, ORDER_SUMMARY } from './consumers.ts';
import { OrderChanging } from './order-changing.ts';
import { OrderDemand } from './order-demand.entity.ts';
import { OrderDemandProjection } from './order-demand.projection.ts';
import { OrderFulfilmentReactor } from './order-fulfilment.reactor.ts';
import { OrderPlacing } from './order-placing.ts';
import { OrderPrice } from './order-price.entity.ts';
import { OrderPriceProjection } from './order-price.projection.ts';
import { OrderPayment, OrderShipment, OrderSummary } from './order-summary.entity.ts';
import { OrderSummaryProjection } from './order-summary.projection.ts';
import { OrderCommands } from './order.commands.ts';
import { OrderController } from './order.controller.ts';
import { FindOrder, ListOrders } from './order.queries.ts';
import { PriceList } from './price-list.ts';

/** Everything that the order service consists of. Nothing connects before it is used. */
@Module({})
export class OrderServiceModule {
  static with(config: OrderServiceConfig, logger: Logger): DynamicModule {
    const store = new EventStoreDb(config.EVENTSTORE_URL);
    const entities = [OrderSummary, OrderPayment, OrderShipment, OrderPrice, OrderDemand];
    const database = new Database({ url: config.DATABASE_URL, entities });
    const personalData = new PersonalData(config.PERSONAL_DATA_DATABASE_URL);
    const projections = new Projections(database);
    const kafka = createKafka({ clientId: 'order-service', brokers: config.KAFKA_BROKERS, logger });
    const codec = new SchemaRegistryCodec(config.SCHEMA_REGISTRY_URL);

    const consumer = (transportId: symbol, positions?: PositionStore): BatchConsumer =>
      new BatchConsumer({ kafka, codec, group: transportId.description!, transportId, logger, ...(positions && { positions }) });
    const consumers = [
      consumer(ORDER_FULFILMENT),
      consumer(ORDER_SUMMARY, projections),
      consumer(ORDER_PRICE_LIST, projections),
      consumer(ORDER_DEMAND, projections),
    ];

    return {
      module: OrderServiceModule,
      imports: [CqrsModule.forRoot()],
      controllers: [OrderController, OrderFulfilmentReactor, OrderSummaryProjection, OrderPriceProjection, OrderDemandProjection],
      providers: [
        OrderPlacing,
        OrderChanging,
        PriceList,
        OrderCommands.Handler,
        FindOrder.Handler,
        ListOrders.Handler,
        { provide: EVENT_STORE, useValue: store },
        { provide: Database, useValue: database },
        { provide: PersonalData, useValue: personalData },
        { provide: Projections, useValue: projections },
        { provide: ParkingTable, useValue: new ParkingTable(database) },
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
