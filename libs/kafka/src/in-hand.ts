const SLOW_AFTER_MS = 2_000;

/** The batches that are being handled, also of partitions that a rebalance has taken away since. */
export class InHand {
  readonly #all = new Set<Promise<void>>();
  #isEnding = false;

  get isEnding(): boolean {
    return this.#isEnding;
  }

  /** Resolves when the handling has ended, or takes too long to wait for. @param handling never rejects. */
  async isSlow(handling: Promise<void>): Promise<boolean> {
    this.#all.add(handling);
    const slow = Promise.withResolvers<true>();
    const timer = setTimeout(() => slow.resolve(true), SLOW_AFTER_MS);
    const ended = handling.then(() => {
      clearTimeout(timer);
      this.#all.delete(handling);
      return false;
    });
    return Promise.race([ended, slow.promise]);
  }

  /** Resolves when everything in hand has ended. */
  async end(): Promise<void> {
    this.#isEnding = true;
    await Promise.all(this.#all);
  }
}
