import { pick, seededUuid } from '@orderstream/acceptance/shop/random';
import type { EventToAppend } from '@orderstream/event-sourcing';
import type { InMemoryEventStore } from '@orderstream/event-sourcing/testing';

const NAMES = ['a', 'b', 'c', 'd'];
/** Streams of the last kind are carried to no topic. */
const CATEGORIES = ['product', 'product', 'stock', 'stock', 'stock', 'order'] as const;
const MOST_AT_ONCE = 3;
const AT = '2026-01-01T00:00:00.000Z';

/** Appends events to some streams of the log. */
export class People {
  readonly #random: () => number;
  readonly #store: InMemoryEventStore;
  readonly #revisions = new Map<string, number>();

  constructor(random: () => number, store: InMemoryEventStore) {
    this.#random = random;
    this.#store = store;
  }

  async act(): Promise<void> {
    const category = pick(this.#random, CATEGORIES);
    const stream = `${category}-${pick(this.#random, NAMES)}`;
    const last = this.#revisions.get(stream) ?? -1;
    const events = Array.from({ length: 1 + Math.floor(this.#random() * MOST_AT_ONCE) }, () => this.#event(category));
    this.#revisions.set(stream, last + events.length);
    await this.#store.append(stream, events, last < 0 ? 'no_stream' : last);
  }

  #event(category: (typeof CATEGORIES)[number]): EventToAppend {
    const [id, receiptId] = [seededUuid(this.#random), seededUuid(this.#random)];
    const metadata = { schemaVersion: 1, $correlationId: 'simulated', $causationId: 'simulated' };
    const quantity = 1 + Math.floor(this.#random() * 9);
    if (category === 'stock') {
      return { id, metadata, event: { type: 'StockReceived', data: { sku: 'tea', receiptId, quantity, receivedAt: AT } } };
    }
    return { id, metadata, event: { type: 'ProductDelisted', data: { sku: 'tea', delistedAt: AT } } };
  }
}
