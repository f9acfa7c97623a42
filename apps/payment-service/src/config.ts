import { platformConfig } from '@orderstream/platform';
import { urlOf, wholeNumber } from '@orderstream/service';
import { z } from 'zod';

const HOUR_MS = 3_600_000;
const LONGEST_DEADLINE_MS = 366 * 24 * HOUR_MS;

/** The environment of the payment service. */
export const paymentServiceConfig = z.object({
  ...platformConfig,
  PAYMENT_PROVIDER_URL: urlOf('http', 'https'),
  /** How long after the first attempt an order waits for its authorisation before it is declined. */
  PAYMENT_DEADLINE_MS: wholeNumber(LONGEST_DEADLINE_MS, 1).default(HOUR_MS),
});

export type PaymentServiceConfig = z.infer<typeof paymentServiceConfig>;
