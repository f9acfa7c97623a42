import { customerKey } from './0001-customer-key.ts';

/**
 * The migrations of the key database, in the order in which they run. The writer's role needs SELECT, INSERT and
 * DELETE; the reader's SELECT.
 */
export const personalDataMigrations: readonly { readonly name: string; readonly sql: string }[] = [customerKey];
