import { eventStoreUrl, hostList, serviceConfig, urlOf } from '@orderstream/service';
import { z } from 'zod';

/** The environment of the shipping service. */
export const shippingServiceConfig = z.object({
  ...serviceConfig,
  EVENTSTORE_URL: eventStoreUrl,
  KAFKA_BROKERS: hostList,
  SCHEMA_REGISTRY_URL: urlOf('http', 'https'),
  DATABASE_URL: urlOf('postgres', 'postgresql'),
  /** The key database, with the role that may only read keys. */
  PERSONAL_DATA_DATABASE_URL: urlOf('postgres', 'postgresql'),
});

export type ShippingServiceConfig = z.infer<typeof shippingServiceConfig>;
