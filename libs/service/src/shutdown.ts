import { messageOf } from '@orderstream/messaging';

/** What is to end, by its name in the log. */
export type Ending = readonly [name: string, end: () => unknown];

/**
 * Ends all of them side by side, so that one that hangs does not hold up the others. Resolves to those that did not
 * end in time, or failed, and why.
 */
export async function endAll(limitMs: number, endings: readonly Ending[]): Promise<string[]> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`not within ${limitMs} ms`)), limitMs);
  const outcomes = await Promise.allSettled(endings.map(([, end]) => Promise.race([Promise.try(end), late.promise])));
  clearTimeout(timer);
  return outcomes.flatMap((outcome, index) =>
    outcome.status === 'fulfilled' ? [] : [`${endings[index]![0]}: ${messageOf(outcome.reason)}`],
  );
}
