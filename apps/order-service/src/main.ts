import { loadConfig, runService } from '@orderstream/service';
import { orderServiceConfig } from './config.ts';
import { OrderServiceModule } from './order-service.module.ts';

const config = loadConfig(orderServiceConfig);
await runService({ name: 'order-service', config, module: OrderServiceModule.with(config) });
