import type { Delivery, StoredEvent } from '@orderstream/event-sourcing';
import type { RelayBatch } from './relay-batch.ts';

const LINGER_MS = 3;
const BARE_POSITION_EVERY_MS = 10_000;

/**
 * Fills the next batch while the last one is being committed. A batch is due when it is full, or a few
 * ms after its first event; one that has only a new position, after ten seconds. While a full batch
 * waits, nothing more is taken from the log.
 */
export class Batcher {
  readonly #newBatch: () => RelayBatch;
  readonly #learn: (stored: StoredEvent) => Promise<void> | null;
  #filling: RelayBatch;
  #dueAt = Infinity;
  #takenAt = performance.now();
  #ended = false;
  #fault: unknown = null;
  #wakeTaker: () => void = () => {};
  #wakeFiller: () => void = () => {};
  #level = false;
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;

  /**
   * @param subscribe to the log, until the signal is aborted.
   * @param learn finds out what must be known about an event before it is added; null when that is known.
   */
  constructor(
    subscribe: (signal: AbortSignal) => AsyncIterable<Delivery>,
    newBatch: () => RelayBatch,
    learn: (stored: StoredEvent) => Promise<void> | null,
  ) {
    this.#newBatch = newBatch;
    this.#learn = learn;
    this.#filling = newBatch();
    this.#done = this.#fill(subscribe(this.#stop.signal)).then(
      () => this.#end(null),
      (fault: unknown) => this.#end(fault),
    );
  }

  /** Everything in the log, as far as it has said, has been taken. */
  get isLevel(): boolean {
    return this.#level && this.#filling.events === 0;
  }
  /** The first event that waits to be taken; null: none. */
  get first(): StoredEvent | null {
    return this.#filling.first;
  }

  /**
   * The next batch, when it is due; null after `close`.
   *
   * @throws what the source or an event threw, after everything before it was taken.
   */
  async take(): Promise<RelayBatch | null> {
    for (;;) {
      const waitMs = this.#filling.isFull || this.#ended ? 0 : this.#dueAt - performance.now();
      if (waitMs <= 0) break;
      await this.#wakeWithin(waitMs);
    }
    const batch = this.#filling;
    if (batch.position === null) {
      if (this.#fault !== null) throw this.#fault;
      return null;
    }
    this.#filling = this.#newBatch();
    this.#dueAt = Infinity;
    this.#takenAt = performance.now();
    this.#wakeFiller();
    return batch;
  }

  /** Ends the subscription. What is in the batch being filled may still be taken. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#wakeFiller();
    await this.#done;
  }

  async #fill(deliveries: AsyncIterable<Delivery>): Promise<void> {
    for await (const delivery of deliveries) {
      if (delivery.kind === 'caught-up') {
        this.#level = true;
        continue;
      }
      if (this.#filling.isFull) {
        if (!this.#stop.signal.aborted) await this.#untilTaken();
        if (this.#stop.signal.aborted) return;
      }
      // Only an unknown type costs a turn of the event loop. The batch may have been taken meanwhile.
      const learning = delivery.kind === 'event' ? this.#learn(delivery.stored) : null;
      if (learning !== null) await learning;
      if (delivery.kind === 'event') this.#filling.add(delivery.stored, delivery.position);
      else this.#filling.cover(delivery.position);
      this.#dueAt = Math.min(
        this.#dueAt,
        this.#filling.events > 0 ? performance.now() + LINGER_MS : this.#takenAt + BARE_POSITION_EVERY_MS,
      );
      if (this.#filling.events <= 1 || this.#filling.isFull) this.#wakeTaker();
    }
  }

  #untilTaken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wakeFiller = resolve;
    });
  }

  #end(fault: unknown): void {
    this.#ended = true;
    this.#fault = fault;
    this.#wakeTaker();
  }

  async #wakeWithin(waitMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#wakeTaker = resolve;
      if (waitMs !== Infinity) timer = setTimeout(resolve, waitMs);
    });
    clearTimeout(timer);
  }
}
