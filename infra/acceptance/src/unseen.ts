import { messageOf, reasonOf } from '@orderstream/messaging';

/** A system can't be looked into: nothing may be concluded from its silence. */
export class Unseen extends Error {
  override readonly name = 'Unseen';
}

const SEEN_WITHIN_MS = 10_000;

/** What a look into a system gives. @throws Unseen naming it, when it fails or is silent for too long. */
export async function seen<T>(system: string, look: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${SEEN_WITHIN_MS / 1_000} s`)), SEEN_WITHIN_MS);
  });
  try {
    return await Promise.race([look(), late]);
  } catch (fault) {
    throw fault instanceof Unseen ? fault : new Unseen(`${system} can't be seen: ${reasonOf(fault)}`, { cause: fault });
  } finally {
    clearTimeout(timer);
  }
}

/** Looks into several at once. @throws Unseen naming every one that can't be seen. */
export async function allSeen(looks: readonly (readonly [system: string, look: () => Promise<unknown>])[]): Promise<void> {
  const results = await Promise.allSettled(looks.map(([system, look]) => seen(system, look)));
  const reasons = results.flatMap((result) => (result.status === 'rejected' ? [messageOf(result.reason)] : []));
  if (reasons.length > 0) throw new Unseen(reasons.join('; '));
}

/** Host and port of a URL, without its password. */
export function placeOf(url: string): string {
  return url.replace(/^[^:]+:\/\/(?:[^@/]*@)?/, '').replace(/[/?].*$/, '');
}
