import type { EventBatch } from '@orderstream/messaging';

/** Longer than a handler waits for any one answer: after this long it is reported, and still waited for. */
const TOLD_AFTER_MS = 45_000;
const GIVEN_UP_AFTER_MS = 120_000;
const CALLS_AT_ONCE = 3;

/** A handler neither returns nor throws. */
export class HandlerHangs extends Error {
  override readonly name = 'HandlerHangs';
}

/**
 * Calls a handler, and gives up on one that hangs, so that its partition is held and the others go on. What becomes
 * of such a call later is ignored and does no harm: a projector's transaction fails at its position or makes the
 * next attempt's fail, and a reactor's appends are repeated with the same ids.
 *
 * A new attempt helps when the last one hung by chance. Each leaves a call behind that may never end, so only a few
 * are open at once.
 */
export class HandlerLimit {
  readonly #handle: (batch: EventBatch) => Promise<void>;
  /** When calls began that have not returned, by partition. */
  readonly #open = new Map<string, number[]>();

  constructor(handle: (batch: EventBatch) => Promise<void>) {
    this.#handle = handle;
  }

  /** @throws HandlerHangs, and what the handler throws. */
  async call(batch: EventBatch): Promise<void> {
    const place = `partition ${batch.partition} of ${batch.topic}`;
    const open = this.#open.get(place) ?? [];
    if (open.length >= CALLS_AT_ONCE) throw hangs();
    const begunMs = performance.now();
    this.#open.set(place, [...open, begunMs]);
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(hangs()), GIVEN_UP_AFTER_MS).unref();
    const handled = this.#handle(batch).finally(() => {
      clearTimeout(timer);
      this.#returned(place, begunMs);
    });
    // A late failure has nobody to hear it.
    handled.catch(() => {});
    await Promise.race([handled, late.promise]);
  }

  /** The partition whose handler has not returned for suspiciously long; null: none. */
  overdue(): string | null {
    for (const [place, [firstMs]] of this.#open) {
      const forMs = performance.now() - firstMs!;
      if (forMs >= TOLD_AFTER_MS) return `${place}: its handler has not returned for ${Math.floor(forMs / 1_000)} s`;
    }
    return null;
  }

  #returned(place: string, begunMs: number): void {
    const open = this.#open.get(place)!;
    open.splice(open.indexOf(begunMs), 1);
    if (open.length === 0) this.#open.delete(place);
  }
}

function hangs(): HandlerHangs {
  return new HandlerHangs(`its handler has not returned for ${GIVEN_UP_AFTER_MS / 1_000} s`);
}
