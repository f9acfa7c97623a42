import { describe, expect, it } from 'vitest';
import { countOf, unknownParts } from './test.ts';

const report = (numPassedTests: number, numFailedTests: number): string => JSON.stringify({ numPassedTests, numFailedTests });

describe('The count of a test suite', () => {
  it('is what its report says', () => {
    expect(countOf(report(7, 0), 0)).toEqual({ passed: 7, failed: 0 });
    expect(countOf(report(7, 2), 1)).toEqual({ passed: 7, failed: 2 });
  });

  it('has a failure when the suite failed without a failing test', () => {
    expect(countOf(report(7, 0), 1)).toEqual({ passed: 7, failed: 1 });
  });

  it('is one failure when there is no report', () => {
    expect(countOf(undefined, 0)).toEqual({ passed: 0, failed: 1 });
  });
});

it('A part of the tests that does not exist is named', () => {
  expect(unknownParts(['unit', 'unti'])).toEqual(['unti']);
});
