import { createLogger, loadConfig, runService } from '@orderstream/service';
import { orderServiceConfig } from './config.ts';
import { OrderServiceModule } from './order-service.module.ts';

const name = 'order-service';
const config = loadConfig(orderServiceConfig);
const logger = createLogger(name, config);
await runService({ name, config, logger, module: OrderServiceModule.with(config, logger) });
