import { randomUUID } from 'node:crypto';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call } from '../src/shop/api.ts';
import { expectCleanLedger, startPlatform, type TestPlatform } from './harness.ts';
import { asAvro, readWithJava } from './java-reader.ts';
import {
  Answers,
  bodySchemaOf,
  type Document,
  type Endpoint,
  endpointsOf,
  type Known,
  requestsTo,
  type Schema,
  send,
} from './openapi-requests.ts';
import { readRequests, runRequests } from './requests-http.ts';

const SEED = 20;
const REQUESTS_EACH = 8;
const ODD_BODIES_EACH = 8;

/** Texts that have broken one system or another: each is well-formed. */
const TEXTS = [
  '😀👩‍👩‍👧‍👦',
  'שלום עולם',
  '‮reversed',
  'e\u0301\u0301\u0301',
  '\uffff\ufffe',
  '\ufffd',
  'a\u2028b',
  '\\u0041\\x00',
  "'; DROP TABLE x; --",
  '𝒳'.repeat(100),
];

interface Served {
  readonly url: string;
  readonly answers: Answers;
  readonly endpoints: readonly Endpoint[];
}

let test: TestPlatform;
const served: Served[] = [];
const withBody = (): { readonly url: string; readonly endpoint: Endpoint; readonly schema: Schema }[] =>
  served.flatMap(({ url, endpoints }) =>
    endpoints.flatMap((endpoint) => {
      const schema = bodySchemaOf(endpoint);
      return schema === undefined ? [] : [{ url, endpoint, schema }];
    }),
  );

beforeAll(async () => {
  test = await startPlatform();
  const { provider: _provider, ...urls } = test.platform.urls;
  for (const url of Object.values(urls)) {
    const document = (await (await fetch(`${url}/openapi.json`)).json()) as Document;
    served.push({ url, answers: new Answers(document), endpoints: endpointsOf(document) });
  }
});
afterAll(() => test?.end());

it('The requests of requests.http can be sent from top to bottom without a pause, and are answered as it says', async () => {
  const requests = readRequests(new URL('../../../requests.http', import.meta.url), { ...test.platform.urls });
  const { told, written } = await runRequests(requests);
  expect(told).toEqual(written);
  expect(requests.length).toBeGreaterThan(20);
});

describe('Every operation', () => {
  it('answers what its document allows with what its document says', async () => {
    const known = await things();
    const faults: unknown[] = [];
    const statuses = new Set<number>();
    await Promise.all(
      served.map(async ({ url, answers, endpoints }) => {
        for (const endpoint of endpoints) {
          for (const request of fc.sample(requestsTo(endpoint, known), { seed: SEED, numRuns: REQUESTS_EACH })) {
            const response = await send(url, request);
            statuses.add(response.status);
            const fault = response.status === 500 ? 'a fault of its own' : await answers.faultOf(endpoint, response);
            if (fault !== undefined) faults.push({ request, status: response.status, fault });
          }
        }
      }),
    );
    expect(faults).toEqual([]);
    // The generated requests get somewhere: not all of them are refused.
    for (const status of [200, 201, 204, 404, 412]) expect(statuses).toContain(status);
  });

  it('that takes text refuses half a surrogate pair by the name of the field, and keeps all other text', async () => {
    for (const { url, endpoint, schema } of withBody()) {
      for (const path of leavesOf(schema.example, 'string')) {
        const body = replaced(schema.example, path, `half \ud83d`);
        expect(await refusalOf(url, endpoint, JSON.stringify(body))).toEqual([endpoint.path, 400, path.join('.')]);
      }
    }
    for (const [nth, text] of TEXTS.entries()) {
      const product = `${test.platform.urls.inventory}/products/TEXT-${nth}`;
      const body = { name: text, price: { amount: 1_000_000_000_000, currency: 'IDR' } };
      expect(await call('PUT', product, { body })).toMatchObject({ status: 201, body });
    }
  });

  it('that takes numbers refuses those that not every system counts, by the name of the field', async () => {
    for (const { url, endpoint, schema } of withBody()) {
      for (const path of leavesOf(schema.example, 'number')) {
        for (const number of ['9007199254740993', '1e400', '-1', '1.5', '"1"', '1e21', 'null']) {
          const text = JSON.stringify(replaced(schema.example, path, '@number')).replace('"@number"', number);
          expect([number, ...(await refusalOf(url, endpoint, text))]).toEqual([number, endpoint.path, 400, path.join('.')]);
        }
      }
    }
  });

  it('takes any JSON and any bytes for what they are, and none is too much for it', async () => {
    const odd = fc.oneof(
      fc.jsonValue({ stringUnit: 'binary' }).map((value) => Buffer.from(JSON.stringify(value))),
      fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)),
    );
    for (const { url, endpoint, schema } of withBody()) {
      const leaves = leavesOf(schema.example);
      const bent = fc
        .tuple(fc.constantFrom(...leaves), fc.jsonValue({ stringUnit: 'binary' }))
        .map(([path, value]) => Buffer.from(JSON.stringify(replaced(schema.example, path, value))));
      for (const body of fc.sample(fc.oneof(odd, bent), { seed: SEED, numRuns: ODD_BODIES_EACH })) {
        const response = await sendBytes(url, endpoint, body);
        expect([endpoint.path, body.toString('latin1'), response.status < 500]).toEqual([endpoint.path, body.toString('latin1'), true]);
      }
    }
  });
});

it('What was accepted is the same in the store, on the topics and in the rows, also to a reader in Java', async () => {
  await expectCleanLedger(test.platform);
  const { events } = test.platform.observer;
  const records = Map.groupBy(await readWithJava(test.platform), ({ stream }) => stream);
  const stored = Map.groupBy(events, ({ stream }) => stream);
  expect([...records.keys()].toSorted()).toEqual([...stored.keys()].toSorted());
  for (const [stream, events] of stored) {
    expect(records.get(stream)).toEqual(events.map(({ event }) => ({ stream, type: event.type, data: asAvro(event.data) })));
  }
  const names = new Set(events.map(({ event }) => (event.data as { name?: string }).name));
  for (const text of TEXTS) expect(names).toContain(text);
});

/** Products, an order on its way, and values that lead further. */
async function things(): Promise<Known> {
  const { order, inventory } = test.platform.urls;
  for (const sku of ['LAMP', 'CHAIR']) {
    const body = { name: sku, price: { amount: 1_000, currency: 'EUR' } };
    expect((await call('PUT', `${inventory}/products/${sku}`, { body })).status).toBe(201);
    expect((await call('POST', `${inventory}/products/${sku}/receipts`, { body: { quantity: 1_000 } })).status).toBe(201);
  }
  const body = {
    customerId: randomUUID(),
    lines: [{ sku: 'LAMP', quantity: 1 }],
    paymentMethod: 'pm_card_ok',
    recipient: { name: 'A. Customer', street: 'Box 7', city: 'Dubai', country: 'AE' },
  };
  const placed = await call<{ orderId: string }>('POST', `${order}/orders`, { body, headers: { prefer: 'wait=5' } });
  expect(placed.status).toBe(201);
  return {
    sku: ['LAMP', 'CHAIR'],
    orderId: [placed.body.orderId],
    paymentMethod: ['pm_card_ok', 'pm_card_declined'],
    currency: ['EUR'],
    minRevision: ['0'],
    'If-Match': ['*', '"0"', '"7"'],
    from: ['2026-01-01'],
    to: ['2026-01-31'],
  };
}

/** The paths of an example's leaves. */
function leavesOf(value: unknown, type?: 'string' | 'number', path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return type === undefined || typeof value === type ? [path] : [];
  return Object.entries(value).flatMap(([name, inner]) => leavesOf(inner, type, [...path, name]));
}

function replaced(value: unknown, [name, ...rest]: readonly string[], by: unknown): unknown {
  if (name === undefined) return by;
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<string, unknown>;
  copy[name] = replaced(copy[name], rest, by);
  return copy;
}

function sendBytes(url: string, { method, path }: Endpoint, body: Buffer): Promise<Response> {
  const target = path.replace('{sku}', 'LAMP').replace('{orderId}', '0f8fad5b-d9cb-469f-a165-70867728950e');
  return fetch(`${url}${target}`, { method, headers: { 'content-type': 'application/json', 'if-match': '*' }, body: body as never });
}

async function refusalOf(url: string, endpoint: Endpoint, body: string): Promise<[string, number, string | undefined]> {
  const response = await sendBytes(url, endpoint, Buffer.from(body));
  const { errors } = (await response.json()) as { errors?: { field: string }[] };
  return [endpoint.path, response.status, errors?.map(({ field }) => field).join(' ')];
}
