import { platformConfig } from '@orderstream/platform';
import { urlOf } from '@orderstream/service';
import { z } from 'zod';

/** The environment of the order service. */
export const orderServiceConfig = z.object({
  ...platformConfig,
  /** The key database, with the role that may write keys. */
  PERSONAL_DATA_DATABASE_URL: urlOf('postgres', 'postgresql'),
});

export type OrderServiceConfig = z.infer<typeof orderServiceConfig>;
