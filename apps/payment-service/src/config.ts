import { eventStoreUrl, hostList, serviceConfig, urlOf } from '@orderstream/service';
import { z } from 'zod';

/** The environment of the payment service. */
export const paymentServiceConfig = z.object({
  ...serviceConfig,
  EVENTSTORE_URL: eventStoreUrl,
  KAFKA_BROKERS: hostList,
  SCHEMA_REGISTRY_URL: urlOf('http', 'https'),
  DATABASE_URL: urlOf('postgres', 'postgresql'),
  PAYMENT_PROVIDER_URL: urlOf('http', 'https'),
});

export type PaymentServiceConfig = z.infer<typeof paymentServiceConfig>;
