import { consumerGroups } from '@orderstream/acceptance/consumers';
import { isProjection } from '@orderstream/postgres';
import { testProjections } from '@orderstream/postgres/testing';
import { describe, expect, it } from 'vitest';
import { projectionCases } from './projection-cases.ts';

describe.each(projectionCases)('The tables of $service', ({ service, cases }) => {
  testProjections(cases);

  it('have a case each', () => {
    const tables = consumerGroups.flatMap((each) => (each.service === service && isProjection(each.consumer) ? each.consumer.tables : []));
    expect(new Set(cases.map(({ table }) => table.name))).toEqual(new Set(tables.map(({ name }) => name)));
  });
});
