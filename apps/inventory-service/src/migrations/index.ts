import { type Migration, platformTables } from '@orderstream/postgres';
import { readModels } from './0001-read-models.ts';
import { stockInCodeOrder } from './0002-stock-in-code-order.ts';

/** The migrations of this service's database, in the order in which they run. */
export const migrations: readonly Migration[] = [platformTables, readModels, stockInCodeOrder];
