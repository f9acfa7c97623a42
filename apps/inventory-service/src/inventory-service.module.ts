import { type DynamicModule, Module } from '@nestjs/common';
import { PlatformModule } from '@orderstream/platform';
import type { Logger } from '@orderstream/service';
import type { InventoryServiceConfig } from './config.ts';
import { consumers } from './consumers.ts';
import { queryHandlers } from './inventory.queries.ts';
import { ProductCommands } from './product.commands.ts';
import { ProductController } from './product.controller.ts';
import { ReservationController } from './reservation.controller.ts';
import { ReservationsReactor } from './reservations.reactor.ts';
import { StockCommands } from './stock.commands.ts';
import { StockController } from './stock.controller.ts';

@Module({})
export class InventoryServiceModule {
  static with(config: InventoryServiceConfig, logger: Logger): DynamicModule {
    return {
      module: InventoryServiceModule,
      imports: [PlatformModule.with({ service: 'inventory-service', config, logger, consumers })],
      controllers: [ProductController, StockController, ReservationController, ReservationsReactor],
      providers: [ProductCommands.Handler, StockCommands.Handler, ...queryHandlers],
    };
  }
}
