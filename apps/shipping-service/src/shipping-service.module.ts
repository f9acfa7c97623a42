import { type DynamicModule, Module } from '@nestjs/common';
import { PlatformModule } from '@orderstream/platform';
import { Database, PostgresProcessTable } from '@orderstream/postgres';
import { type Logger, ProcessWorker } from '@orderstream/service';
import type { ShippingServiceConfig } from './config.ts';
import { consumers } from './consumers.ts';
import { ShipmentSchedulingReactor } from './shipment-scheduling.reactor.ts';
import { SHIPMENT_TIMES, type ShipmentTimes, ShipmentTasksProcess, type ShipmentWork } from './shipment-tasks.process.ts';
import { ShipmentTasksWorker } from './shipment-tasks.worker.ts';
import { ShipmentCommands } from './shipment.commands.ts';
import { ShipmentController } from './shipment.controller.ts';
import { queryHandlers } from './shipment.queries.ts';

@Module({})
export class ShippingServiceModule {
  static with(config: ShippingServiceConfig, logger: Logger): DynamicModule {
    const tasks = (database: Database): PostgresProcessTable<ShipmentWork> =>
      new PostgresProcessTable(database, 'shipment_task', 'order_id');
    const times: ShipmentTimes = { dispatchDeadlineMs: config.DISPATCH_DEADLINE_MS, automaticCarrierMs: config.AUTOMATIC_CARRIER_MS };
    return {
      module: ShippingServiceModule,
      imports: [PlatformModule.with({ service: 'shipping-service', config, logger, consumers })],
      controllers: [ShipmentController, ShipmentSchedulingReactor, ShipmentTasksProcess],
      providers: [
        ShipmentCommands.Handler,
        ...queryHandlers,
        { provide: PostgresProcessTable, useFactory: tasks, inject: [Database] },
        { provide: ProcessWorker, useClass: ShipmentTasksWorker },
        { provide: SHIPMENT_TIMES, useValue: times },
      ],
    };
  }
}
