import { PlatformTables0000000000001 } from '@orderstream/postgres';
import { ReadModels0000000000001 } from './0001-read-models.ts';
import { Cancellations0000000000002 } from './0002-cancellations.ts';
import { Leases0000000000003 } from './0003-leases.ts';

/** This service's database, in the order to be run. */
export const migrations = [PlatformTables0000000000001, ReadModels0000000000001, Cancellations0000000000002, Leases0000000000003] as const;
