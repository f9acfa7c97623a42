import { PlatformTables0000000000001 } from '@orderstream/postgres';
import { ReadModels0000000000001 } from './0001-read-models.ts';
import { CancellationAndStatuses0000000000002 } from './0002-cancellation-and-statuses.ts';

/** This service's database, in the order to be run. */
export const migrations = [PlatformTables0000000000001, ReadModels0000000000001, CancellationAndStatuses0000000000002] as const;
