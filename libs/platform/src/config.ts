import { eventStoreUrl, hostList, serviceConfig, urlOf } from '@orderstream/service';
import type { z } from 'zod';

/** The settings of every service with events and read models; it spreads this into its own `z.object`. */
export const platformConfig = {
  ...serviceConfig,
  EVENTSTORE_URL: eventStoreUrl,
  KAFKA_BROKERS: hostList,
  SCHEMA_REGISTRY_URL: urlOf('http', 'https'),
  DATABASE_URL: urlOf('postgres', 'postgresql'),
};

export type PlatformConfig = z.infer<z.ZodObject<typeof platformConfig>>;
