import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { EventToAppend } from '@orderstream/event-sourcing';
import type { EventStoreDb } from '@orderstream/eventstoredb';

const STREAMS = 20;
const ROUND_MS = 100;

/** Stores receipts of stock at a steady rate, over some streams, and remembers them. */
export class StockWriter {
  readonly #store: EventStoreDb;
  readonly #rate: number;
  readonly #stored = new Map<string, string[]>();
  #count = 0;

  constructor(store: EventStoreDb, rate: number) {
    this.#store = store;
    this.#rate = rate;
    for (let stream = 0; stream < STREAMS; stream++) this.#stored.set(`stock-${randomUUID().slice(0, 8)}`, []);
  }

  /** The ids of the events of each stream, in order. */
  get stored(): ReadonlyMap<string, readonly string[]> {
    return this.#stored;
  }
  get count(): number {
    return this.#count;
  }

  async writeUntil(signal: AbortSignal): Promise<void> {
    const startedAt = performance.now();
    const streams = [...this.#stored];
    while (!signal.aborted) {
      const due = Math.floor(((performance.now() - startedAt) / 1_000) * this.#rate) - this.#count;
      const wanted = Array.from({ length: due }, (_, index) => streams[(this.#count + index) % STREAMS]!);
      this.#count += due;
      await Promise.all([...Map.groupBy(wanted, ([stream]) => stream)].map(([stream, own]) => this.#append(stream, own.length)));
      await delay(ROUND_MS, undefined, { signal }).catch(() => {});
    }
  }

  async #append(stream: string, count: number): Promise<void> {
    const ids = this.#stored.get(stream)!;
    const events = Array.from({ length: count }, () => received(stream.slice('stock-'.length)));
    const appended = await this.#store.append(stream, events, ids.length === 0 ? 'no_stream' : ids.length - 1);
    if (!appended.ok) throw new Error(`${stream} is at ${appended.actual}`);
    ids.push(...events.map(({ id }) => id));
  }
}

function received(sku: string): EventToAppend {
  const data = { sku, receiptId: randomUUID(), quantity: 5, receivedAt: new Date().toISOString() };
  const metadata = { schemaVersion: 1, $correlationId: randomUUID(), $causationId: randomUUID() };
  return { id: randomUUID(), event: { type: 'StockReceived', data }, metadata };
}
