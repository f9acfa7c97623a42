import { type DynamicModule, Module } from '@nestjs/common';
import { PlatformModule } from '@orderstream/platform';
import type { Logger } from '@orderstream/service';
import type { OrderServiceConfig } from './config.ts';
import { consumers } from './consumers.ts';
import { OrderChanging } from './order-changing.ts';
import { OrderFulfilmentReactor } from './order-fulfilment.reactor.ts';
import { OrderPlacing } from './order-placing.ts';
import { OrderCommands } from './order.commands.ts';
import { OrderController } from './order.controller.ts';
import { FindOrder, ListOrders } from './order.queries.ts';
import { PriceList } from './price-list.ts';

@Module({})
export class OrderServiceModule {
  static with(config: OrderServiceConfig, logger: Logger): DynamicModule {
    return {
      module: OrderServiceModule,
      imports: [PlatformModule.with({ service: 'order-service', config, logger, consumers })],
      controllers: [OrderController, OrderFulfilmentReactor],
      providers: [OrderPlacing, OrderChanging, PriceList, OrderCommands.Handler, FindOrder.Handler, ListOrders.Handler],
    };
  }
}
