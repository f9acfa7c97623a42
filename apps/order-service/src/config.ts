import { eventStoreUrl, hostList, serviceConfig, urlOf } from '@orderstream/service';
import { z } from 'zod';

/** The environment of the order service. */
export const orderServiceConfig = z.object({
  ...serviceConfig,
  EVENTSTORE_URL: eventStoreUrl,
  KAFKA_BROKERS: hostList,
  SCHEMA_REGISTRY_URL: urlOf('http', 'https'),
  DATABASE_URL: urlOf('postgres', 'postgresql'),
  /** The key database, with the role that may write keys. */
  PERSONAL_DATA_DATABASE_URL: urlOf('postgres', 'postgresql'),
});

export type OrderServiceConfig = z.infer<typeof orderServiceConfig>;
