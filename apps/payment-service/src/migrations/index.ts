import { PlatformTables0000000000001 } from '@orderstream/postgres';
import { PaymentTables0000000000002 } from './0001-payments.ts';
import { VoidsAndRefunds0000000000003 } from './0002-voids-and-refunds.ts';
import { Leases0000000000004 } from './0003-leases.ts';

/** This service's database, in the order to be run. */
export const migrations = [
  PlatformTables0000000000001,
  PaymentTables0000000000002,
  VoidsAndRefunds0000000000003,
  Leases0000000000004,
] as const;
