import { existsSync, globSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { isProjection, type Projection } from '@orderstream/postgres';
import { expect, it } from 'vitest';
import { consumerGroups, consumersByDatabase } from './consumers.ts';
import { readModels } from './ledger/read-models.ts';

const apps = path.resolve(import.meta.dirname, '../../../apps');

it('The consumers of every service are known', () => {
  const services = readdirSync(apps).filter((app) => existsSync(path.join(apps, app, 'src/consumers.ts')));
  expect(Object.keys(consumersByDatabase).sort()).toEqual(services.map((service) => service.replaceAll('-', '_')).sort());
  const names = consumerGroups.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});

it.each(globSync('*/src/*.projection.ts', { cwd: apps }))('What %s declares is among the consumers of its service', async (file) => {
  const declared = Object.values((await import(path.join(apps, file))) as Record<string, unknown>).filter(
    (each): each is Projection => typeof each === 'object' && each !== null && 'tables' in each,
  );
  expect(declared).not.toEqual([]);
  for (const { name } of declared) expect(consumerGroups.map((consumer) => consumer.name)).toContain(name);
});

it('The ledger recounts every table of every projection', () => {
  const tables = consumerGroups.flatMap((consumer) =>
    isProjection(consumer) ? consumer.tables.map((table) => `${consumer.database} ${consumer.name} ${table.name}`) : [],
  );
  expect(readModels.map(({ database, group, table }) => `${database} ${group} ${table}`).sort()).toEqual(tables.sort());
});
