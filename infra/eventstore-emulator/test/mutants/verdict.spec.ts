import { describe, expect, it } from 'vitest';
import type { Mutant } from './mutant.ts';
import { type TestResult, resultsOf, testsFor, timeLimitMs, unfitness, verdictOn } from './verdict.ts';

const mutant: Mutant = {
  name: 'm',
  mistake: 'Wrong.',
  file: 'a.ts',
  text: 'one',
  replacement: 'two',
  killedBy: { spec: 'conformance/reads', title: 'reads all' },
};
const FILE = '/somewhere/infra/eventstore-emulator/test/conformance/reads.int.spec.ts';
const result = (over: Partial<TestResult> = {}): TestResult => ({
  file: FILE,
  name: 'A reader reads all',
  status: 'passed',
  failures: [],
  durationMs: 10,
  ...over,
});

describe('A mutant', () => {
  it('is judged by the tests of its title in its file', () => {
    const [mine, elsewhere, another] = [
      result(),
      result({ file: FILE.replace('reads', 'writes') }),
      result({ name: 'A reader reads one' }),
    ];
    expect(testsFor(mutant, [mine, elsewhere, another])).toEqual([mine]);
  });

  it('is killed by a test that fails, and survives when all pass', () => {
    expect(verdictOn(mutant, [result(), result({ status: 'failed', failures: ['expected 1 to be 2'] })])).toEqual({
      kind: 'killed',
      by: 'A reader reads all',
    });
    expect(verdictOn(mutant, [result(), result({ status: 'skipped' })])).toEqual({ kind: 'survived' });
  });

  it('is neither when no test could tell: none was run, or the emulator did not start', () => {
    expect(verdictOn(mutant, [result({ status: 'skipped' })])).toMatchObject({ kind: 'unclear' });
    expect(verdictOn(mutant, [])).toMatchObject({ kind: 'unclear' });
    expect(verdictOn(mutant, [result({ status: 'failed', failures: ['Error: exit 1: ReferenceError: x is not defined'] })])).toMatchObject({
      kind: 'unclear',
    });
  });

  it('can not be judged by tests that fail anyway, or are not there', () => {
    expect(unfitness(mutant, [result()])).toBeUndefined();
    expect(unfitness(mutant, [result({ status: 'failed', failures: ['oh'] })])).toBe(
      '"A reader reads all" fails without a mutant, too: oh',
    );
    expect(unfitness(mutant, [result({ status: 'skipped' })])).toBe(
      'infra/eventstore-emulator/test/conformance/reads.int.spec.ts has no test "reads all"',
    );
  });

  it('gives its tests more time than they need without it', () => {
    expect(
      timeLimitMs(mutant, [result({ durationMs: 100 }), result({ durationMs: 2000 }), result({ name: 'other', durationMs: 9000 })]),
    ).toBe(13_000);
  });
});

it("What vitest reports is a list of tests, each with its file and the suites' names", () => {
  const report = {
    testResults: [
      {
        name: FILE,
        assertionResults: [
          { fullName: ' A reads', status: 'passed', failureMessages: [], duration: 1.5 },
          { fullName: 'A writes', status: 'pending', failureMessages: [] },
        ],
      },
    ],
  };
  expect(resultsOf(JSON.stringify(report))).toEqual([
    { file: FILE, name: 'A reads', status: 'passed', failures: [], durationMs: 1.5 },
    { file: FILE, name: 'A writes', status: 'skipped', failures: [], durationMs: 0 },
  ]);
});
