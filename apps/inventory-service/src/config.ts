import { eventStoreUrl, hostList, serviceConfig, urlOf } from '@orderstream/service';
import { z } from 'zod';

/** The environment of the inventory service. */
export const inventoryServiceConfig = z.object({
  ...serviceConfig,
  EVENTSTORE_URL: eventStoreUrl,
  KAFKA_BROKERS: hostList,
  SCHEMA_REGISTRY_URL: urlOf('http', 'https'),
  DATABASE_URL: urlOf('postgres', 'postgresql'),
});

export type InventoryServiceConfig = z.infer<typeof inventoryServiceConfig>;
