import { messageOf } from '@orderstream/messaging';

/** What is to end, by the name that the log has for it. */
export type Ending = readonly [name: string, end: () => unknown];

/** Ends all of it side by side, so that one that hangs holds up no other. Resolves to what did not end well in time, and why. */
export async function endAll(limitMs: number, endings: readonly Ending[]): Promise<string[]> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`not within ${limitMs} ms`)), limitMs);
  const outcomes = await Promise.allSettled(endings.map(([, end]) => Promise.race([Promise.try(end), late.promise])));
  clearTimeout(timer);
  return outcomes.flatMap((outcome, index) =>
    outcome.status === 'fulfilled' ? [] : [`${endings[index]![0]}: ${messageOf(outcome.reason)}`],
  );
}
