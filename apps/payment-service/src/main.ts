import { Database } from '@orderstream/postgres';
import { createLogger, loadConfig, runService } from '@orderstream/service';
import { paymentServiceConfig } from './config.ts';
import { PaymentServiceModule } from './payment-service.module.ts';
import { paymentMetrics } from './payment.metrics.ts';

const name = 'payment-service';
const config = loadConfig(paymentServiceConfig);
const logger = createLogger(name, config);
const module = PaymentServiceModule.with(config, logger);
await runService({ name, config, logger, module, metrics: (app) => paymentMetrics(app.get(Database)) });
