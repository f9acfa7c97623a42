import { reasonOf } from '@orderstream/messaging';
import { Refused } from './refused.ts';

const AGAIN_AFTER_MS = 500;

/**
 * Repeats work until it succeeds, because what it needs may still be starting; only a refusal ends
 * it at once. Says once each time the reason changes.
 *
 * @throws the last failure when it has not succeeded within `withinMs`.
 */
export async function patiently<T>(
  work: () => Promise<T>,
  { withinMs, say }: { readonly withinMs: number; readonly say: (line: string) => void },
): Promise<T> {
  const deadline = performance.now() + withinMs;
  let said = '';
  for (;;) {
    try {
      return await work();
    } catch (fault) {
      if (fault instanceof Refused || performance.now() + AGAIN_AFTER_MS > deadline) throw fault;
      const reason = reasonOf(fault);
      if (reason !== said) say(`waiting: ${reason}`);
      said = reason;
      await new Promise((resolve) => setTimeout(resolve, AGAIN_AFTER_MS));
    }
  }
}
