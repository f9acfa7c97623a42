import { type Migration, platformTables } from '@orderstream/postgres';
import { readModels } from './0001-read-models.ts';
import { cancellations } from './0002-cancellations.ts';
import { leases } from './0003-leases.ts';

/** The migrations of this service's database, in the order in which they run. */
export const migrations: readonly Migration[] = [platformTables, readModels, cancellations, leases];
