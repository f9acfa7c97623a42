import { type DynamicModule, Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { EventStoreDb } from '@orderstream/eventstoredb';
import { BatchConsumer, createKafka, SchemaRegistryCodec } from '@orderstream/kafka';
import { Database, PostgresProcessTable, Projections } from '@orderstream/postgres';
import { CONSUMERS, DEPENDENCIES, EVENT_STORE, type Logger } from '@orderstream/service';
import type { PaymentServiceConfig } from './config.ts';
import { PAYMENT, PAYMENT_ATTEMPTS, REVENUE_BY_DAY } from './consumers.ts';
import { HttpPaymentGateway } from './http-payment-gateway.ts';
import { ATTEMPT_SETTINGS, type AttemptSettings, PaymentAttemptsProcess } from './payment-attempts.process.ts';
import { PaymentAttemptsWorker } from './payment-attempts.worker.ts';
import { PAYMENT_GATEWAY } from './payment-gateway.ts';
import { PaymentSteps, type PaymentWork } from './payment-steps.ts';
import { PaymentCommandsHandler } from './payment.commands.ts';
import { PaymentController } from './payment.controller.ts';
import { Payment } from './payment.entity.ts';
import { PaymentProjection } from './payment.projection.ts';
import { FindPaymentHandler, ListRevenueHandler } from './payment.queries.ts';
import { RevenueByDay } from './revenue-by-day.entity.ts';
import { RevenueByDayProjection } from './revenue-by-day.projection.ts';
import { RevenueController } from './revenue.controller.ts';

/** Apart from the rest, because the metrics count in it too. */
export function paymentDatabase({ DATABASE_URL }: Pick<PaymentServiceConfig, 'DATABASE_URL'>): Database {
  return new Database({ url: DATABASE_URL, entities: [Payment, RevenueByDay] });
}

/** Everything that the payment service consists of. Nothing connects before it is used. */
@Module({})
export class PaymentServiceModule {
  static with(config: PaymentServiceConfig, logger: Logger, database: Database): DynamicModule {
    const store = new EventStoreDb(config.EVENTSTORE_URL);
    const gateway = new HttpPaymentGateway(config.PAYMENT_PROVIDER_URL);
    const positions = new Projections(database);
    const attempts = new PostgresProcessTable<PaymentWork>(database, 'payment_attempt', 'order_id');
    const kafka = createKafka({ clientId: 'payment-service', brokers: config.KAFKA_BROKERS, logger });
    const codec = new SchemaRegistryCodec(config.SCHEMA_REGISTRY_URL);

    const consumer = (transportId: symbol): BatchConsumer =>
      new BatchConsumer({ kafka, codec, group: transportId.description!, transportId, logger, positions });
    const consumers = [consumer(PAYMENT_ATTEMPTS), consumer(PAYMENT), consumer(REVENUE_BY_DAY)];

    return {
      module: PaymentServiceModule,
      imports: [CqrsModule.forRoot()],
      controllers: [PaymentController, RevenueController, PaymentAttemptsProcess, PaymentProjection, RevenueByDayProjection],
      providers: [
        PaymentAttemptsWorker,
        PaymentSteps,
        PaymentCommandsHandler,
        FindPaymentHandler,
        ListRevenueHandler,
        { provide: EVENT_STORE, useValue: store },
        { provide: PAYMENT_GATEWAY, useValue: gateway },
        { provide: Database, useValue: database },
        { provide: Projections, useValue: positions },
        { provide: PostgresProcessTable, useValue: attempts },
        { provide: ATTEMPT_SETTINGS, useValue: { deadlineMs: config.PAYMENT_DEADLINE_MS } satisfies AttemptSettings },
        { provide: CONSUMERS, useValue: consumers },
        {
          provide: DEPENDENCIES,
          useValue: [
            { name: 'eventstore', check: () => store.ping(), close: () => store.dispose() },
            { name: 'postgres', check: () => database.ping(), close: () => database.close() },
            { name: 'payment-provider', check: () => gateway.ping() },
          ],
        },
      ],
      exports: [CONSUMERS, DEPENDENCIES],
    };
  }
}
