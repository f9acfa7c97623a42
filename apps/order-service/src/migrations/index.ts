import { type Migration, platformTables } from '@orderstream/postgres';
import { readModels } from './0001-read-models.ts';
import { cancellationAndStatuses } from './0002-cancellation-and-statuses.ts';

/** The migrations of this service's database, in the order in which they run. */
export const migrations: readonly Migration[] = [platformTables, readModels, cancellationAndStatuses];
