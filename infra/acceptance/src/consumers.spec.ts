import { existsSync, globSync } from 'node:fs';
import path from 'node:path';
import { isProjection, type Projection } from '@orderstream/postgres';
import { serviceNames } from '@orderstream/services';
import { expect, it } from 'vitest';
import { consumerGroups } from './consumers.ts';
import { expectedTables } from './ledger/expected-tables.ts';
import { open } from './open-tasks.ts';

const apps = path.resolve(import.meta.dirname, '../../../apps');
const having = serviceNames.filter((service) => existsSync(path.join(apps, service, 'src/consumers.ts')));

it('The consumers of every service are known, each by a name of its own', () => {
  expect([...new Set(consumerGroups.map(({ service }) => service))].sort()).toEqual(having.toSorted());
  expect(new Set(consumerGroups.map(({ consumer }) => consumer.name)).size).toBe(consumerGroups.length);
});

it.each(globSync('*/src/*.projection.ts', { cwd: apps }))('What %s declares is among the consumers of its service', async (file) => {
  const declared = Object.values((await import(path.join(apps, file))) as Record<string, unknown>).filter(
    (each): each is Projection => typeof each === 'object' && each !== null && 'tables' in each,
  );
  expect(declared).not.toEqual([]);
  const known = consumerGroups.filter(({ service }) => file.startsWith(`${service}/`)).map(({ consumer }) => consumer);
  expect(known).toEqual(expect.arrayContaining(declared));
});

it('The ledger recounts every table of every projection', () => {
  const tables = consumerGroups.flatMap(({ consumer, database }) =>
    isProjection(consumer) ? consumer.tables.map((table) => `${database} ${consumer.name} ${table.name}`) : [],
  );
  expect(expectedTables.map(({ database, group, table }) => `${database} ${group} ${table}`).sort()).toEqual(tables.sort());
});

it('The work of every process is waited for', () => {
  const working = consumerGroups.filter(({ consumer }) => consumer.kind === 'process').map(({ database }) => database);
  expect(open.map(({ database }) => database).sort()).toEqual(working.sort());
});
