import type { Mutant } from './mutant.ts';
import type { TestRuns } from './test-runs.ts';
import { type Verdict, timeLimitMs, unfitness, verdictOn } from './verdict.ts';

export interface Judged {
  readonly mutant: Mutant;
  readonly verdict: Verdict;
  readonly seconds: number;
}

/**
 * Runs the tests of all these mutants once without any, then those of each with it, so many at a time. Calls `told`
 * with each verdict as it comes.
 */
export async function judge(mutants: readonly Mutant[], runs: TestRuns, atOnce: number, told: (judged: Judged) => void): Promise<void> {
  const without = await runs.runWithout(mutants);
  const left = mutants.values();
  const work = async (): Promise<void> => {
    for (const mutant of left) {
      const startedAt = performance.now();
      const why = unfitness(mutant, without);
      const verdict: Verdict =
        why === undefined ? verdictOn(mutant, await runs.runWith(mutant, timeLimitMs(mutant, without))) : { kind: 'unclear', why };
      told({ mutant, verdict, seconds: (performance.now() - startedAt) / 1000 });
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}
