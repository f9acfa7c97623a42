import { eventStoreUrl, hostList, serviceConfig, urlOf } from '@orderstream/service';
import { z } from 'zod';

/** The environment of the relay. */
export const relayConfig = z.object({
  ...serviceConfig,
  EVENTSTORE_URL: eventStoreUrl,
  KAFKA_BROKERS: hostList,
  SCHEMA_REGISTRY_URL: urlOf('http', 'https'),
});

export type RelayConfig = z.infer<typeof relayConfig>;
