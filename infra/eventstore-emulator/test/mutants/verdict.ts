import type { Mutant } from './mutant.ts';

/** What vitest's JSON report says of one test. */
export interface TestResult {
  readonly file: string;
  /** With the names of the suites that it is in. */
  readonly name: string;
  readonly status: 'passed' | 'failed' | 'skipped';
  readonly failures: readonly string[];
  readonly durationMs: number;
}

export type Verdict =
  | { readonly kind: 'killed'; readonly by: string }
  /** Everything passes as if nothing was wrong. */
  | { readonly kind: 'survived' }
  /** No test that could say was run, for example because the emulator did not start. */
  | { readonly kind: 'unclear'; readonly why: string };

/** What `EmulatorProcess.start` throws: such a mistake would be noticed without any test. */
const DID_NOT_START = /\bexit \d+: /;

export function specFile({ killedBy }: Mutant): string {
  return `infra/eventstore-emulator/test/${killedBy.spec}.int.spec.ts`;
}

export function testsFor(mutant: Mutant, results: readonly TestResult[]): TestResult[] {
  return results.filter(({ file, name }) => file.endsWith(specFile(mutant)) && name.includes(mutant.killedBy.title));
}

/** `results` are those of the tests with the mistake. */
export function verdictOn(mutant: Mutant, results: readonly TestResult[]): Verdict {
  const tests = testsFor(mutant, results);
  const failed = tests.find(({ status }) => status === 'failed');
  if (failed !== undefined) {
    const start = failed.failures.find((failure) => DID_NOT_START.test(failure));
    return start === undefined ? { kind: 'killed', by: failed.name } : { kind: 'unclear', why: `the emulator did not start: ${start}` };
  }
  return tests.some(({ status }) => status === 'passed') ? { kind: 'survived' } : { kind: 'unclear', why: 'none of its tests was run' };
}

/** Why the tests of a mutant can't judge it, when they were run without it; undefined when they can. */
export function unfitness(mutant: Mutant, results: readonly TestResult[]): string | undefined {
  const tests = testsFor(mutant, results).filter(({ status }) => status !== 'skipped');
  if (tests.length === 0) return `${specFile(mutant)} has no test "${mutant.killedBy.title}"`;
  const failed = tests.find(({ status }) => status === 'failed');
  return failed === undefined ? undefined : `"${failed.name}" fails without a mutant, too: ${failed.failures.join('\n')}`;
}

const LEAST_TIME_MS = 5000;

/** How long a test of a mutant may take: many mistakes make it wait for what never comes. `results` are those without it. */
export function timeLimitMs(mutant: Mutant, results: readonly TestResult[]): number {
  return LEAST_TIME_MS + 4 * Math.max(0, ...testsFor(mutant, results).map(({ durationMs }) => durationMs));
}

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages: readonly string[];
      readonly duration?: number | null;
    }[];
  }[];
}

export function resultsOf(report: string): TestResult[] {
  return (JSON.parse(report) as Report).testResults.flatMap(({ name: file, assertionResults }) =>
    assertionResults.map(({ fullName, status, failureMessages, duration }) => ({
      file,
      name: fullName.trim(),
      status: status === 'passed' || status === 'failed' ? status : 'skipped',
      failures: failureMessages,
      durationMs: duration ?? 0,
    })),
  );
}
