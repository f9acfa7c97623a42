import { fateByIo } from './io-faults.ts';

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

/** Going on would do harm that no later attempt undoes: the consumer waits until somebody has looked. */
export class ConsumerHeld extends Error {
  override readonly name = 'ConsumerHeld';
}

/** A fault may have others behind it, endlessly when they form a circle. */
const MOST_FAULTS = 100;

/**
 * Decided by the outermost fault that says what it is, so nobody has to unwrap: an outage stays one, whatever it
 * was wrapped in. Only a fault that has nothing to do with another process, anywhere behind it, is the event's own.
 */
export function fateOf(fault: unknown): Fate {
  for (const each of faultsBehind(fault)) {
    if (each instanceof ConsumerHeld || dependencyIn(each) !== null) return 'pause';
    if ('retryable' in each && each.retryable === true) return 'retry';
    const fate = fateByIo(each);
    if (fate !== null) return fate;
  }
  return 'park';
}

/** Whether a fault that makes its work wait says that it concerns one stream only, so that others can go on. */
export function isOfOneStream(fault: unknown): boolean {
  return faultsBehind(fault).some((each) => 'isOfOneStream' in each && each.isOfOneStream === true);
}

/** The component that a fault, or one behind it, names; null when none does. */
export function dependencyOf(fault: unknown): string | null {
  for (const each of faultsBehind(fault)) {
    const dependency = dependencyIn(each);
    if (dependency !== null) return dependency;
  }
  return null;
}

function dependencyIn(fault: object): string | null {
  return 'dependency' in fault && typeof fault.dependency === 'string' ? fault.dependency : null;
}

/** The fault, its causes and the faults that it sums up, outer before inner, each once. */
export function* faultsBehind(fault: unknown): Generator<object> {
  const found = new Set<object>();
  const queue = [fault];
  for (const each of queue) {
    if (typeof each !== 'object' || each === null || found.has(each)) continue;
    yield each;
    if (found.add(each).size >= MOST_FAULTS) return;
    if ('cause' in each) queue.push(each.cause);
    if (each instanceof AggregateError) queue.push(...each.errors.slice(0, MOST_FAULTS));
  }
}

const PAUSES_MS = {
  retry: { first: 20, longest: 10_000 },
  pause: { first: 250, longest: 10_000 },
  /** For a task in a process table: nothing waits behind it. */
  postpone: { first: 250, longest: 30_000 },
} as const;

/** Exponential with jitter; attempt counts from 1. */
export function backoffMs(kind: keyof typeof PAUSES_MS, attempt: number, random: () => number = Math.random): number {
  const { first, longest } = PAUSES_MS[kind];
  return Math.min(first * 2 ** (attempt - 1), longest) * (0.5 + random() / 2);
}

export function messageOf(fault: unknown): string {
  return fault instanceof Error ? fault.message || fault.name : String(fault);
}
