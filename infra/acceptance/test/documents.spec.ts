import { globSync } from 'node:fs';
import path from 'node:path';
import type { Type } from '@nestjs/common';
import { serviceNames, services, servicesWith } from '@orderstream/services';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LonelyServices, startLonelyServices } from './lonely-services.ts';
import { Answers, bodySchemaOf, type Document, endpointsOf, requestsTo, type Schema, send } from './openapi-requests.ts';

const SERVICES = serviceNames.filter((name) => services[name].urlVariable !== undefined);
const APPS = path.resolve(import.meta.dirname, '../../../apps');
const SEED = 7;
/** A schema can't say that the two are the same. */
const A_PERIOD = { from: ['2026-01-01'], to: ['2026-01-31'] };

let lonely: LonelyServices;
const documents = new Map<string, Document>();
const urlOf = (name: string): string => lonely.services.get(name)!.url;
beforeAll(async () => {
  lonely = await startLonelyServices();
  for (const name of SERVICES) documents.set(name, (await (await fetch(`${urlOf(name)}/openapi.json`)).json()) as Document);
});
afterAll(() => lonely?.end());

/** A schema and all schemas within it. */
function schemasWithin(value: unknown): Schema[] {
  if (typeof value !== 'object' || value === null) return [];
  return [value, ...Object.values(value).flatMap(schemasWithin)];
}

describe.each(SERVICES)('The document of %s', (name) => {
  it('is OpenAPI 3.1, and a linter has nothing to say', async () => {
    const config = await createConfig({ extends: ['recommended'] });
    const source = JSON.stringify(documents.get(name));
    const found = await lintFromString({ source, absoluteRef: `${name}.json`, config });
    expect(found.map(({ ruleId, message, location }) => `${ruleId}: ${message} ${location[0]?.pointer}`)).toEqual([]);
    expect(documents.get(name)).toMatchObject({ openapi: '3.1.0', servers: [{ url: '/' }] });
  });

  it('has examples that hold, and one for every body', () => {
    const document = documents.get(name)!;
    const answers = new Answers(document);
    const wrong = schemasWithin(document).flatMap((schema) => {
      const fault = schema.example === undefined || schema.type === undefined ? undefined : answers.faultsOf(schema, schema.example);
      return fault === undefined ? [] : [`${JSON.stringify(schema.example)}: ${fault}`];
    });
    expect(wrong).toEqual([]);
    const bodies = endpointsOf(document)
      .map(bodySchemaOf)
      .filter((schema) => schema !== undefined);
    expect(bodies.filter(({ example }) => example === undefined)).toHaveLength(0);
  });

  it('has patterns that mean the same to every reader: without flags, and without escapes that need one', () => {
    const patterns = schemasWithin(documents.get(name)).flatMap(({ pattern }) => (typeof pattern === 'string' ? [pattern] : []));
    for (const pattern of new Set(patterns)) {
      expect(() => new RegExp(pattern, 'u')).not.toThrow();
      expect(pattern).not.toMatch(/\\[pP]\{/);
    }
  });

  it('says of each header and each number of a query what it may be', () => {
    const parameters = endpointsOf(documents.get(name)!).flatMap(({ operation }) => operation.parameters ?? []);
    for (const { name: parameter, in: place, schema } of parameters) {
      if (place === 'header') expect([parameter, typeof schema.pattern]).toEqual([parameter, 'string']);
      if (['limit', 'minRevision', 'after'].includes(parameter)) {
        expect(schema).toMatchObject({ type: 'integer', minimum: expect.any(Number) as number, maximum: expect.any(Number) as number });
      }
    }
  });
});

it.each(globSync('*/src/*.controller.ts', { cwd: APPS }))('What %s declares is in the module of its service', async (file) => {
  const { app } = lonely.services.get(file.split('/')[0]!)!;
  const declared = Object.values((await import(path.join(APPS, file))) as Record<string, Type>);
  for (const controller of declared) expect(app.get(controller)).toBeInstanceOf(controller);
});

it('A linter would have something to say of a document without servers, or of an example that does not hold', async () => {
  const document = structuredClone(documents.get('inventory-service')) as unknown as {
    servers: object[];
    paths: Record<string, { put: object }>;
  };
  document.servers = [];
  const text = JSON.stringify(document).replace('"amount":24900', '"amount":"24900"');
  const found = await lintFromString({
    source: text,
    absoluteRef: 'broken.json',
    config: await createConfig({ extends: ['recommended'] }),
  });
  expect(found.map(({ ruleId }) => ruleId)).toEqual(expect.arrayContaining(['no-empty-servers', 'no-invalid-schema-examples']));
});

it('The payment provider, which needs nobody, answers what its document allows with what its document says', async () => {
  const document = documents.get('payment-provider')!;
  const answers = new Answers(document);
  const known = { paymentMethod: ['pm_card_ok', 'pm_card_declined', 'pm_card_unstable'], currency: ['EUR'] };
  const statuses = new Set<number>();
  for (const endpoint of endpointsOf(document)) {
    for (const request of fc.sample(requestsTo(endpoint, known), { seed: SEED, numRuns: 16 })) {
      const response = await send(urlOf('payment-provider'), request);
      statuses.add(response.status);
      expect([request, response.status === 500, await answers.faultOf(endpoint, response)]).toEqual([request, false, undefined]);
    }
  }
  for (const status of [200, 201, 404, 503]) expect(statuses).toContain(status);
});

const endpoints = (): (readonly [string, ReturnType<typeof endpointsOf>[number]])[] =>
  servicesWith('DATABASE_URL').flatMap((name) => endpointsOf(documents.get(name)!).map((endpoint) => [name, endpoint] as const));

it('Every operation answers 503 and when to try again, or what is wrong with the request, while nothing else answers', async () => {
  const told = await Promise.all(
    endpoints().map(async ([name, endpoint]) => {
      const answers = new Answers(documents.get(name)!);
      const statuses = new Set<number>();
      for (const request of fc.sample(requestsTo(endpoint, A_PERIOD), { seed: SEED, numRuns: 16 })) {
        const response = await send(urlOf(name), request);
        statuses.add(response.status);
        const retryAfter = response.headers.get('retry-after');
        expect([request, await answers.faultOf(endpoint, response)]).toEqual([request, undefined]);
        expect([endpoint.path, response.status < 500 || retryAfter !== null]).toEqual([endpoint.path, true]);
      }
      return [`${endpoint.method} ${endpoint.path}`, [...statuses].filter((status) => status >= 500)] as const;
    }),
  );
  for (const [operation, statuses] of told) expect([operation, statuses]).toEqual([operation, [503]]);
});
