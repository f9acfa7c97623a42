/**
 * What becomes of a delivery that failed:
 * `retry` — lost a race (a deadlock, a stale position): again after a short backoff;
 * `pause` — a component does not answer: the partition waits, with backoff, as long as it takes;
 * `park` — this event itself can't be applied: it is set aside with its cause.
 */
export type Fate = 'retry' | 'pause' | 'park';

/** A component did not answer. Adapters of other ports may throw their own class with the same property. */
export class DependencyUnavailable extends Error {
  override readonly name = 'DependencyUnavailable';
  readonly dependency: string;
  constructor(dependency: string, cause: unknown) {
    super(`${dependency} does not answer: ${messageOf(cause)}`, { cause });
    this.dependency = dependency;
  }
}

/** The attempt lost a race that another attempt may win. */
export class RetryableFault extends Error {
  override readonly name: string = 'RetryableFault';
  readonly retryable = true;
}

export function fateOf(fault: unknown): Fate {
  if (typeof fault === 'object' && fault !== null) {
    if ('dependency' in fault && typeof fault.dependency === 'string') return 'pause';
    if ('retryable' in fault && fault.retryable === true) return 'retry';
  }
  return 'park';
}

const LONGEST_PAUSE_MS = 10_000;
const FIRST_PAUSE_MS = { retry: 20, pause: 250 } as const;

/** Exponential with jitter; attempt counts from 1. */
export function backoffMs(fate: 'retry' | 'pause', attempt: number, random: () => number = Math.random): number {
  const full = Math.min(FIRST_PAUSE_MS[fate] * 2 ** (attempt - 1), LONGEST_PAUSE_MS);
  return full * (0.5 + random() / 2);
}

export function messageOf(fault: unknown): string {
  return fault instanceof Error ? fault.message : String(fault);
}
