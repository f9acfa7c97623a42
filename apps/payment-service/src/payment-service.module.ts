import { type DynamicModule, Module } from '@nestjs/common';
import { PlatformModule } from '@orderstream/platform';
import { Database, PostgresProcessTable } from '@orderstream/postgres';
import type { Logger } from '@orderstream/service';
import type { PaymentServiceConfig } from './config.ts';
import { consumers } from './consumers.ts';
import { HttpPaymentGateway } from './http-payment-gateway.ts';
import { ATTEMPT_SETTINGS, type AttemptSettings, PaymentAttemptsProcess } from './payment-attempts.process.ts';
import { PaymentAttemptsWorker } from './payment-attempts.worker.ts';
import { PAYMENT_GATEWAY } from './payment-gateway.ts';
import { PaymentSteps, type PaymentWork } from './payment-steps.ts';
import { PaymentCommands } from './payment.commands.ts';
import { PaymentController } from './payment.controller.ts';
import { FindPayment, ListRevenue } from './payment.queries.ts';
import { RevenueController } from './revenue.controller.ts';

@Module({})
export class PaymentServiceModule {
  static with(config: PaymentServiceConfig, logger: Logger): DynamicModule {
    const gateway = new HttpPaymentGateway(config.PAYMENT_PROVIDER_URL);
    const needs = [{ name: 'payment-provider', check: () => gateway.ping() }];
    const attempts = (database: Database): PostgresProcessTable<PaymentWork> =>
      new PostgresProcessTable(database, 'payment_attempt', 'order_id');
    return {
      module: PaymentServiceModule,
      imports: [PlatformModule.with({ service: 'payment-service', config, logger, consumers, needs })],
      controllers: [PaymentController, RevenueController, PaymentAttemptsProcess],
      providers: [
        PaymentAttemptsWorker,
        PaymentSteps,
        PaymentCommands.Handler,
        FindPayment.Handler,
        ListRevenue.Handler,
        { provide: PAYMENT_GATEWAY, useValue: gateway },
        { provide: PostgresProcessTable, useFactory: attempts, inject: [Database] },
        { provide: ATTEMPT_SETTINGS, useValue: { deadlineMs: config.PAYMENT_DEADLINE_MS } satisfies AttemptSettings },
      ],
    };
  }
}
