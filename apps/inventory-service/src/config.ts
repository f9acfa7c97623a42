import { platformConfig } from '@orderstream/platform';
import { z } from 'zod';

/** The environment of the inventory service. */
export const inventoryServiceConfig = z.object(platformConfig);

export type InventoryServiceConfig = z.infer<typeof inventoryServiceConfig>;
