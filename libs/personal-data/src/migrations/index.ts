import { customerKey } from './0001-customer-key.ts';

/** The key database, in the order to be run. The writer's role needs SELECT, INSERT and DELETE; the reader's SELECT. */
export const personalDataMigrations: readonly { readonly name: string; readonly sql: string }[] = [customerKey];
