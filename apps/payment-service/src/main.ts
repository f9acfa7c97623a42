import { createLogger, loadConfig, runService } from '@orderstream/service';
import { paymentServiceConfig } from './config.ts';
import { PaymentServiceModule, paymentDatabase } from './payment-service.module.ts';
import { paymentMetrics } from './payment.metrics.ts';

const name = 'payment-service';
const config = loadConfig(paymentServiceConfig);
const logger = createLogger(name, config);
const database = paymentDatabase(config);
const module = PaymentServiceModule.with(config, logger, database);
await runService({ name, config, logger, module, metrics: paymentMetrics(database) });
