import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { countOf, unknownParts } from './test.ts';

const report = (numPassedTests: number, numFailedTests: number, testResults: object[] = []): string =>
  JSON.stringify({ numPassedTests, numFailedTests, testResults });

describe('The count of a test suite', () => {
  it('is what its report says', () => {
    expect(countOf(report(7, 0), 0)).toMatchObject({ passed: 7, failed: 0 });
    expect(countOf(report(7, 2), 1)).toMatchObject({ passed: 7, failed: 2 });
  });

  it('has a failure when the suite failed without a failing test', () => {
    expect(countOf(report(7, 0), 1)).toEqual({ passed: 7, failed: 1, failures: ['something outside of any test: see above'] });
  });

  it('is one failure when there is no report', () => {
    expect(countOf(undefined, 0)).toMatchObject({ passed: 0, failed: 1 });
  });

  it('names each test that failed, or the file that could not be loaded, with the first line of the reason', () => {
    const file = (name: string): string => path.join(import.meta.dirname, name);
    const failing = {
      name: file('a.spec.ts'),
      status: 'failed',
      message: '',
      assertionResults: [
        { status: 'passed', fullName: 'A works', failureMessages: [] },
        { status: 'failed', fullName: 'A breaks', failureMessages: ['Error: \u001B[31mno\u001B[39m\n    at a.ts:1'] },
      ],
    };
    const unloaded = { name: file('b.spec.ts'), status: 'failed', message: 'Cannot find package\nmore', assertionResults: [] };
    expect(countOf(report(1, 1, [failing, unloaded]), 1).failures).toEqual([
      'infra/checks/src/a.spec.ts: A breaks: Error: no',
      'infra/checks/src/b.spec.ts: Cannot find package',
    ]);
  });
});

it('A part of the tests that does not exist is named', () => {
  expect(unknownParts(['unit', 'unti'])).toEqual(['unti']);
});
