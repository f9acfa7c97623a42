import { globSync } from 'node:fs';
import path from 'node:path';
import type { ProjectionCase } from '@orderstream/postgres/testing';
import { type ServiceName, servicesWith } from '@orderstream/services';

const apps = path.resolve(import.meta.dirname, '../../../apps');

export interface ServiceCases {
  readonly service: ServiceName;
  readonly cases: readonly ProjectionCase[];
}

/** The cases of every service with tables, from all of its `testing/*-cases.ts`. */
export const projectionCases: readonly ServiceCases[] = await Promise.all(
  servicesWith('DATABASE_URL').map(async (service) => {
    const files = globSync(`${service}/src/testing/*-cases.ts`, { cwd: apps }).sort();
    const found = files.map(async (file) => ((await import(path.join(apps, file))) as { readonly cases: readonly ProjectionCase[] }).cases);
    return { service, cases: (await Promise.all(found)).flat() };
  }),
);
