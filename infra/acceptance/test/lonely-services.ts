import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DynamicModule } from '@nestjs/common';
import { createLogger, type Logger, parseConfig, type RunningService, type ServiceConfig, startService } from '@orderstream/service';
import { type ServiceName, servicesWith } from '@orderstream/services';
import type { z } from 'zod';
import { configSchema } from '../../../apps/payment-provider/src/config.ts';
import { PaymentProviderModule } from '../../../apps/payment-provider/src/payment-provider.module.ts';

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
  const services = new Map<string, RunningService>();
  for (const name of servicesWith('DATABASE_URL')) services.set(name, await startLonely(name));
  const config = parseConfig(configSchema, { ...NOWHERE, DATA_DIR: dataDir });
  const name = 'payment-provider';
  services.set(name, await startService({ name, module: PaymentProviderModule.with(config), config }));
  const end = async (): Promise<void> => {
    await Promise.all([...services.values()].map((service) => service.stop()));
    rmSync(dataDir, { recursive: true });
  };
  return { services, end };
}

interface ComposedModule {
  with(config: ServiceConfig, logger: Logger): DynamicModule;
}

/** `order-service` has `orderServiceConfig` and `OrderServiceModule`, each in its file. */
async function startLonely(name: ServiceName): Promise<RunningService> {
  const pascal = name.replaceAll(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase());
  const schema = await exportOf<z.ZodObject>(name, 'config', `${pascal[0]!.toLowerCase()}${pascal.slice(1)}Config`);
  const composed = await exportOf<ComposedModule>(name, `${name}.module`, `${pascal}Module`);
  const config = parseConfig(schema, NOWHERE) as ServiceConfig;
  const logger = createLogger(name, config);
  return startService({ name, config, logger, module: composed.with(config, logger) });
}

async function exportOf<Value>(service: ServiceName, file: string, name: string): Promise<Value> {
  const exported = (await import(join(import.meta.dirname, `../../../apps/${service}/src/${file}.ts`))) as Record<string, unknown>;
  if (!Object.hasOwn(exported, name)) throw new Error(`${service} has no ${name} in ${file}.ts`);
  return exported[name] as Value;
}
