import { describe, expect, it } from 'vitest';
import { findings } from './style.ts';

const rulesFor = (file: string, text: string): string[] => findings(file, text).map(({ rule }) => rule);

describe('The style check', () => {
  it.each([
    ['marker', 'libs/kafka/src/x.ts', '// TODO later'],
    ['skipped-test', 'libs/kafka/src/x.spec.ts', "it.skip('x')"],
    ['inline-disable', 'libs/kafka/src/x.ts', '// oxlint-disable-next-line no-console'],
    ['inline-disable', 'libs/kafka/src/x.ts', '// @ts-ignore'],
    ['returned-never', 'libs/kafka/src/x.ts', 'const f = () => { return event satisfies never; };'],
    ['sleeping-test', 'libs/kafka/src/x.int.spec.ts', 'await sleep(100);'],
    ['sleeping-test', 'libs/kafka/src/x.int.spec.ts', 'await new Promise((resolve) => setTimeout(resolve, 100));'],
    ['wildcard-expected-revision', 'libs/eventstoredb/src/x.ts', 'append(s, e, { expectedRevision: ANY })'],
    ['long-file', 'libs/kafka/src/x.ts', 'const a = 1;\n'.repeat(301)],
    ['only-re-exports', 'libs/kafka/src/x.ts', "export * from './y.ts';\n"],
    ['shop-in-library', 'libs/messaging/src/x.ts', 'interface Task { readonly orderId: string }'],
    ['shop-in-library', 'libs/postgres/src/x.ts', 'const sql = `SELECT order_id FROM ${table}`;'],
    ['shop-in-library', 'libs/service/src/x.ts', "const types = { 'unknown-sku': 422 };"],
    ['shop-in-library', 'libs/service/src/x.ts', 'class A { #currencyCode = 1; }'],
    ['shop-in-library', 'libs/service/src/x.ts', "const title = 'The customer’s data has been erased';"],
    ['shop-in-library', 'libs/kafka/src/x.ts', "read('orders');"],
    ['shop-in-library', 'libs/kafka/src/x.ts', 'read(`order-${id}`);'],
    ['shop-in-library', 'libs/eventstoredb/src/x.ts', "type Known = 'OrderPlaced';"],
    ['shop-in-library', 'libs/eventstoredb/src/x.ts', "import type { Money } from '@orderstream/contracts';"],
  ])('fires for %s in %s', (rule, file, text) => {
    expect(rulesFor(file, text)).toEqual([rule]);
  });

  it.each([
    [
      'what is sorted',
      'libs/kafka/src/x.ts',
      "const order = `${table} ORDER BY order`; inOrder(order, 'in order of time', 'order-preserving');",
    ],
    ['another word', 'libs/kafka/src/x.ts', "const concurrency = 'orderstream_parked_events_total';"],
    ['a comment', 'libs/kafka/src/x.ts', '/** Such as `order-service`. */\nconst a = 1; // of a customer'],
    ['an example', 'libs/service/src/x.ts', "const field = { type: 'string', example: 'lines.0.sku' };"],
    ['a test', 'libs/kafka/src/x.spec.ts', "const orderId = '1';"],
    ['the contracts', 'libs/contracts/src/x.ts', "const orderId = '1';"],
    ['a service', 'apps/order-service/src/x.ts', "const orderId = '1';"],
  ])('lets %s pass that has a word of the shop', (_, file, text) => expect(rulesFor(file, text)).toEqual([]));

  it('lets one barrel a library and a long specification pass', () => {
    expect(rulesFor('libs/kafka/src/index.ts', "export * from './y.ts';\n")).toEqual([]);
    expect(rulesFor('libs/kafka/src/x.spec.ts', 'const a = 1;\n'.repeat(301))).toEqual([]);
  });
});
