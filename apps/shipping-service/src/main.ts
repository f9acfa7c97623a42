import { createLogger, loadConfig, runService } from '@orderstream/service';
import { shippingServiceConfig } from './config.ts';
import { ShippingServiceModule } from './shipping-service.module.ts';

const name = 'shipping-service';
const config = loadConfig(shippingServiceConfig);
const logger = createLogger(name, config);
await runService({ name, config, logger, module: ShippingServiceModule.with(config, logger) });
