import { describe, expect, it } from 'vitest';
import { findings } from './style.ts';

const rulesFor = (file: string, text: string): string[] => findings(file, text).map(({ rule }) => rule);

describe('The style check', () => {
  it.each([
    ['marker', 'libs/kafka/src/x.ts', '// TODO later'],
    ['skipped-test', 'libs/kafka/src/x.spec.ts', "it.skip('x')"],
    ['inline-disable', 'libs/kafka/src/x.ts', '// oxlint-disable-next-line no-console'],
    ['inline-disable', 'libs/kafka/src/x.ts', '// @ts-ignore'],
    ['returned-never', 'libs/kafka/src/x.ts', 'return event satisfies never;'],
    ['sleeping-test', 'libs/kafka/src/x.int.spec.ts', 'await sleep(100);'],
    ['sleeping-test', 'libs/kafka/src/x.int.spec.ts', 'await new Promise((resolve) => setTimeout(resolve, 100));'],
    ['wildcard-expected-revision', 'libs/eventstoredb/src/x.ts', 'append(s, e, { expectedRevision: ANY })'],
    ['long-file', 'libs/kafka/src/x.ts', 'const a = 1;\n'.repeat(301)],
    ['only-re-exports', 'libs/kafka/src/x.ts', "export * from './y.ts';\n"],
  ])('fires for %s in %s', (rule, file, text) => {
    expect(rulesFor(file, text)).toEqual([rule]);
  });

  it('lets one barrel a library and a long specification pass', () => {
    expect(rulesFor('libs/kafka/src/index.ts', "export * from './y.ts';\n")).toEqual([]);
    expect(rulesFor('libs/kafka/src/x.spec.ts', 'const a = 1;\n'.repeat(301))).toEqual([]);
  });
});
