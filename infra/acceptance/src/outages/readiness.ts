import { setTimeout as delay } from 'node:timers/promises';

const LOOK_EVERY_MS = 200;
const ANSWER_WITHIN_MS = 2_000;

/** What `/health/ready` says: that nothing is missing, what is missing, or nothing at all. */
export type Readiness = { readonly kind: 'ready' } | { readonly kind: 'waiting'; readonly detail: string } | { readonly kind: 'away' };

export async function readinessOf(url: string): Promise<Readiness> {
  try {
    const response = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    if (response.status === 200) {
      await response.arrayBuffer();
      return { kind: 'ready' };
    }
    return { kind: 'waiting', detail: JSON.stringify(((await response.json()) as { errors?: unknown }).errors) };
  } catch {
    return { kind: 'away' };
  }
}

/** Whether `/health/live` says that the service need not be restarted. */
export async function isAlive(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/health/live`, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    await response.arrayBuffer();
    return response.status === 200;
  } catch {
    return false;
  }
}

/** Looks until all are as wished; resolves to the ms that this took, or to null when the limit was reached. */
export async function untilAll(
  urls: readonly string[],
  isAsWished: (readiness: Readiness) => boolean,
  withinMs: number,
): Promise<number | null> {
  const startedAtMs = performance.now();
  const seen = new Set<string>();
  while (performance.now() - startedAtMs < withinMs) {
    const all = await Promise.all(urls.map(async (url) => ({ url, readiness: await readinessOf(url) })));
    for (const { url, readiness } of all) {
      if (isAsWished(readiness)) seen.add(url);
      else seen.delete(url);
    }
    if (seen.size === urls.length) return Math.round(performance.now() - startedAtMs);
    await delay(LOOK_EVERY_MS);
  }
  return null;
}
