import { categoryOf, contracts, streams, type Topic } from '@orderstream/contracts';
import { type AppendResult, type EventStore, type KnownEvents, StoreUnavailable, type StoredEvent } from '@orderstream/event-sourcing';
import { InMemoryEventStore } from '@orderstream/event-sourcing/testing';
import type { Rules } from './rules.ts';
import type { Life, Turns } from './turns.ts';

export interface LogOptions {
  readonly turns: Pick<Turns, 'take'>;
  readonly rules: Rules;
  readonly now: () => string;
  /** Whether a call fails now: no answer, before or after it has happened. */
  readonly fails: () => boolean;
}

/** The one log, and each of its streams as its topic has it. */
export class Log {
  readonly #options: LogOptions;
  readonly #store: InMemoryEventStore;
  readonly #byStream = new Map<string, StoredEvent[]>();
  readonly #onAppend: ((stream: string, topic: Topic) => void)[] = [];

  constructor(options: LogOptions) {
    this.#options = options;
    this.#store = new InMemoryEventStore(options.now);
  }

  /** Every event in the order of the log. */
  get events(): readonly StoredEvent[] {
    return this.#store.all;
  }

  /** One stream, from its beginning. */
  stream(name: string): readonly StoredEvent[] {
    return this.#byStream.get(name) ?? [];
  }

  onAppend(listener: (stream: string, topic: Topic) => void): void {
    this.#onAppend.push(listener);
  }

  /** The store as one incarnation of a process sees it, which knows these events. */
  for(life: Life, known: KnownEvents = contracts): EventStore {
    const { turns, fails } = this.#options;
    const store = this.#store.knowing(known);
    const answered = (): void => {
      if (fails()) throw new StoreUnavailable('simulated');
    };
    return {
      async *read(...args) {
        await turns.take(life);
        answered();
        yield* store.read(...args);
      },
      append: async (...args) => {
        await turns.take(life);
        answered();
        const result = await this.#append(store, ...args);
        await turns.take(life);
        answered();
        return result;
      },
    };
  }

  async #append(store: EventStore, ...[stream, events, expected]: Parameters<EventStore['append']>): Promise<AppendResult> {
    const { rules } = this.#options;
    const kept = events.filter(({ event }) => !rules.forgets(event.type));
    const known = this.stream(stream).length;
    if (kept.length === 0 && events.length > 0) return { ok: true, revision: known - 1 };
    const at = rules.comparesRevisions ? expected : known === 0 ? 'no_stream' : known - 1;
    const before = this.#store.all.length;
    const result = await store.append(stream, kept, at);
    const added = this.#store.all.slice(before);
    if (added.length > 0) {
      this.#byStream.set(stream, [...this.stream(stream), ...added]);
      const { topic } = streams[categoryOf(stream)!];
      for (const listener of this.#onAppend) listener(stream, topic);
    }
    return result;
  }
}
