import { PlatformTables0000000000001 } from '@orderstream/postgres';
import { PaymentTables0000000000002 } from './0001-payments.ts';

/** This service's database, in the order to be run. */
export const migrations = [PlatformTables0000000000001, PaymentTables0000000000002] as const;
