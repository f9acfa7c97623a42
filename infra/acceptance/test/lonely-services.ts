import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger, parseConfig, type RunningService, startService } from '@orderstream/service';
import { inventoryServiceConfig } from '../../../apps/inventory-service/src/config.ts';
import { InventoryServiceModule } from '../../../apps/inventory-service/src/inventory-service.module.ts';
import { orderServiceConfig } from '../../../apps/order-service/src/config.ts';
import { OrderServiceModule } from '../../../apps/order-service/src/order-service.module.ts';
import { PaymentProviderModule } from '../../../apps/payment-provider/src/payment-provider.module.ts';
import { paymentServiceConfig } from '../../../apps/payment-service/src/config.ts';
import { PaymentServiceModule } from '../../../apps/payment-service/src/payment-service.module.ts';
import { shippingServiceConfig } from '../../../apps/shipping-service/src/config.ts';
import { ShippingServiceModule } from '../../../apps/shipping-service/src/shipping-service.module.ts';

/** Nobody listens on port 1. */
const NOWHERE = {
  PORT: '0',
  LOG_LEVEL: 'fatal',
  EVENTSTORE_URL: 'esdb://127.0.0.1:1?tls=false',
  KAFKA_BROKERS: '127.0.0.1:1',
  SCHEMA_REGISTRY_URL: 'http://127.0.0.1:1',
  DATABASE_URL: 'postgres://nobody:nothing@127.0.0.1:1/nowhere',
  PERSONAL_DATA_DATABASE_URL: 'postgres://nobody:nothing@127.0.0.1:1/nowhere',
  PAYMENT_PROVIDER_URL: 'http://127.0.0.1:1',
};

export interface LonelyServices {
  readonly services: ReadonlyMap<string, RunningService>;
  end(): Promise<void>;
}

/** Every service with an API, in this process, and none of what it depends on. */
export async function startLonelyServices(): Promise<LonelyServices> {
  const dataDir = mkdtempSync(join(tmpdir(), 'orderstream-lonely-'));
  const order = parseConfig(orderServiceConfig, NOWHERE);
  const inventory = parseConfig(inventoryServiceConfig, NOWHERE);
  const payment = parseConfig(paymentServiceConfig, NOWHERE);
  const shipping = parseConfig(shippingServiceConfig, NOWHERE);
  const logger = createLogger('lonely', order);
  const modules = {
    'order-service': OrderServiceModule.with(order, logger),
    'inventory-service': InventoryServiceModule.with(inventory, logger),
    'payment-service': PaymentServiceModule.with(payment, logger),
    'shipping-service': ShippingServiceModule.with(shipping, logger),
    'payment-provider': PaymentProviderModule.with({ DATA_DIR: dataDir }),
  };
  const services = new Map<string, RunningService>();
  for (const [name, module] of Object.entries(modules)) services.set(name, await startService({ name, module, config: order, logger }));
  const end = async (): Promise<void> => {
    await Promise.all([...services.values()].map((service) => service.stop()));
    rmSync(dataDir, { recursive: true });
  };
  return { services, end };
}
