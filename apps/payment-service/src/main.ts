import { createLogger, loadConfig, runService } from '@orderstream/service';
import { paymentServiceConfig } from './config.ts';
import { PaymentServiceModule } from './payment-service.module.ts';

const name = 'payment-service';
const config = loadConfig(paymentServiceConfig);
const logger = createLogger(name, config);
await runService({ name, config, logger, module: PaymentServiceModule.with(config, logger) });
