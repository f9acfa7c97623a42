import type { Dependency } from './health.ts';
import type { ConsumerMember } from './tokens.ts';

const LOOK_EVERY_MS = 1_000;
const ANSWER_WITHIN_MS = 2_000;
/** What was missing for less does not count as away: a rebalance, a lost connection, a busy machine. */
const OUTAGE_MS = 10_000;

export interface PresenceOptions {
  /** Must have been read to their end, and not be behind: they may say that something was done in time. */
  readonly hears: readonly Pick<ConsumerMember, 'status'>[];
  /** Must answer: people need them to act in time. */
  readonly needs: readonly Pick<Dependency, 'check'>[];
  /** How long all of this must have lasted before a deadline acts. */
  readonly graceMs: number;
}

/**
 * Whether a service has been there: deadlines pass while it or its servers are down or its host sleeps, and then
 * nobody could act in time. So nothing is overdue before everything has been in place for a while without a break.
 * This is kept in memory on purpose: a process that starts has not been there, and one of several that kept running
 * has.
 */
export class Presence {
  readonly #options: PresenceOptions;
  #isLooking = false;
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  #seenAtMs = Number.NEGATIVE_INFINITY;
  #sinceMs = Number.POSITIVE_INFINITY;

  constructor(options: PresenceOptions) {
    this.#options = options;
  }

  /** Ask it several times a second: it looks only when asked, and takes a gap for an outage. */
  hasLasted(): boolean {
    const nowMs = Date.now();
    if (!this.#isLooking && Math.abs(nowMs - this.#lookedAtMs) >= LOOK_EVERY_MS) void this.#look(nowMs);
    return this.#isUnbroken(nowMs) && nowMs - this.#sinceMs >= this.#options.graceMs;
  }

  async #look(nowMs: number): Promise<void> {
    this.#isLooking = true;
    this.#lookedAtMs = nowMs;
    const isThere = this.#hasHeard(nowMs) && (await this.#hasAllItNeeds());
    const thenMs = Date.now();
    if (isThere && !this.#isUnbroken(thenMs)) this.#sinceMs = thenMs;
    if (isThere) this.#seenAtMs = thenMs;
    this.#isLooking = false;
  }

  /** A clock that was set is as bad as a sleep. */
  #isUnbroken(nowMs: number): boolean {
    return Math.abs(nowMs - this.#seenAtMs) <= OUTAGE_MS;
  }

  /** Under load a consumer is behind now and then, but still hears in time. After an outage it may not have. */
  #hasHeard(nowMs: number): boolean {
    return this.#options.hears.every((consumer) => {
      const { blockedBy, caughtUp } = consumer.status();
      return blockedBy === null && (caughtUp || this.#isUnbroken(nowMs));
    });
  }

  #hasAllItNeeds(): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const late = setTimeout(() => resolve(false), ANSWER_WITHIN_MS).unref();
    void Promise.all(this.#options.needs.map((each) => each.check()))
      .then(
        () => resolve(true),
        () => resolve(false),
      )
      .finally(() => clearTimeout(late));
    return promise;
  }
}
