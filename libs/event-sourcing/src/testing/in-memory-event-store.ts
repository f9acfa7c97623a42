import type { AppendResult, EventStore, EventToAppend, ExpectedRevision, StoredEvent } from '../event-store.ts';

/**
 * The port in memory, for tests of deciders and simulations: as strict as the real store about revisions and ids. It
 * knows no contract, so data that the real store would refuse passes.
 */
export class InMemoryEventStore implements EventStore {
  readonly #streams = new Map<string, StoredEvent[]>();
  /** Every event in the order of its append, over all streams. */
  readonly all: StoredEvent[] = [];
  readonly #now: () => string;

  constructor(now: () => string = () => new Date().toISOString()) {
    this.#now = now;
  }

  async *read(stream: string, options: { readonly fromRevision?: number } = {}): AsyncIterable<StoredEvent> {
    yield* (this.#streams.get(stream) ?? []).slice(options.fromRevision ?? 0);
  }

  async append(stream: string, events: readonly EventToAppend[], expected: ExpectedRevision): Promise<AppendResult> {
    const stored = this.#streams.get(stream) ?? [];
    const start = expected === 'no_stream' ? 0 : expected + 1;
    if (start !== stored.length) {
      const repeated = events.length > 0 && events.every((event, index) => stored[start + index]?.id === event.id);
      if (repeated) return { ok: true, revision: start + events.length - 1 };
      return { ok: false, actual: stored.length === 0 ? 'no_stream' : stored.length - 1 };
    }
    const recordedAt = this.#now();
    const added = events.map((event, index): StoredEvent => ({ ...event, stream, revision: start + index, recordedAt }));
    this.#streams.set(stream, [...stored, ...added]);
    this.all.push(...added);
    return { ok: true, revision: start + events.length - 1 };
  }
}
