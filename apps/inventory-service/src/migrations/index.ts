import { type Migration, platformTables } from '@orderstream/postgres';
import { readModels } from './0001-read-models.ts';
import { stockInCodeOrder } from './0002-stock-in-code-order.ts';

/** This service's database, in the order to be run. */
export const migrations: readonly Migration[] = [platformTables, readModels, stockInCodeOrder];
