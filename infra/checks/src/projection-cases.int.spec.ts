import type { Migration } from '@orderstream/postgres';
import { testProjectionsOnPostgres } from '@orderstream/postgres/testing';
import { describe } from 'vitest';
import { projectionCases } from './projection-cases.ts';

describe.each(projectionCases)('The tables of $service', async ({ service, cases }) => {
  const { migrations } = (await import(`@orderstream/${service}/migrations`)) as { readonly migrations: readonly Migration[] };
  testProjectionsOnPostgres(cases, migrations);
});
