import { type Migration, platformTables } from '@orderstream/postgres';
import { paymentTables } from './0002-payment-tables.ts';
import { voidsAndRefunds } from './0003-voids-and-refunds.ts';
import { leases } from './0004-leases.ts';

/** The migrations of this service's database, in the order in which they run. None has the number 1: databases know the first one as 2. */
export const migrations: readonly Migration[] = [platformTables, paymentTables, voidsAndRefunds, leases];
