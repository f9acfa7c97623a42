import { platformConfig } from '@orderstream/platform';
import { urlOf, wholeNumber } from '@orderstream/service';
import { z } from 'zod';

const WEEK_MS = 7 * 24 * 60 * 60 * 1_000;
const YEAR_MS = 365 * 24 * 60 * 60 * 1_000;

const milliseconds = wholeNumber(YEAR_MS, 1);

/** The environment of the shipping service. */
export const shippingServiceConfig = z.object({
  ...platformConfig,
  /** The key database, with the role that may only read keys. */
  PERSONAL_DATA_DATABASE_URL: urlOf('postgres', 'postgresql'),
  /** A shipment whose goods have not left this long after it was scheduled is cancelled. */
  DISPATCH_DEADLINE_MS: milliseconds.default(WEEK_MS),
  /**
   * When it is set, an automatic carrier takes each shipment this long after it was scheduled, and delivers it, or
   * brings back what was recalled, after as long again. When it is not, people report that over REST. It applies to
   * what is scheduled, dispatched or recalled while it is set.
   */
  AUTOMATIC_CARRIER_MS: milliseconds.optional(),
});

export type ShippingServiceConfig = z.infer<typeof shippingServiceConfig>;
