import { checkAppend, checkRead } from '../checked-requests.ts';
import { inCurrentVersion, type KnownEvents } from '../current-version.ts';
import type { Delivery, EventLog, SubscriptionOptions } from '../event-log.ts';
import {
  type AppendResult,
  type EventStore,
  type EventToAppend,
  type ExpectedRevision,
  MOST_BYTES_AN_APPEND,
  RequestRefused,
  type StoredEvent,
} from '../event-store.ts';

/**
 * The ports in memory, for tests of deciders and simulations: as strict as the real store, which also knows its
 * events; `knowing` is the store for that.
 */
export class InMemoryEventStore implements EventStore, EventLog {
  readonly #streams = new Map<string, StoredEvent[]>();
  /** Every event in the order of its append, over all streams. */
  readonly all: StoredEvent[] = [];
  readonly #now: () => string;
  #appended = Promise.withResolvers<void>();

  constructor(now: () => string = () => new Date().toISOString()) {
    this.#now = now;
  }

  async *read(stream: string, options: { readonly fromRevision?: number } = {}): AsyncIterable<StoredEvent> {
    const { fromRevision = 0 } = options;
    checkRead(stream, fromRevision);
    for (const stored of this.#streams.get(stream)?.slice(fromRevision) ?? []) yield structuredClone(stored);
  }

  async append(stream: string, events: readonly EventToAppend[], expected: ExpectedRevision): Promise<AppendResult> {
    checkAppend(stream, events, expected);
    const sizes = events.map(({ event, metadata }) => bytesOf(event.data) + bytesOf(metadata) + 2 * event.type.length);
    if (sizes.reduce((sum, size) => sum + size, 0) > MOST_BYTES_AN_APPEND) throw new RequestRefused(`too much at once for ${stream}`);
    const stored = this.#streams.get(stream) ?? [];
    const start = expected === 'no_stream' ? 0 : expected + 1;
    if (start !== stored.length) {
      const repeated = events.every((event, index) => stored[start + index]?.id === event.id);
      if (repeated) return { ok: true, revision: start + events.length - 1 };
      return { ok: false, actual: stored.length === 0 ? 'no_stream' : stored.length - 1 };
    }
    const recordedAt = this.#now();
    const added = events.map((event, index): StoredEvent => ({ ...asJson(event), stream, revision: start + index, recordedAt }));
    this.#streams.set(stream, [...stored, ...added]);
    this.all.push(...added);
    this.#appended.resolve();
    this.#appended = Promise.withResolvers();
    return { ok: true, revision: start + events.length - 1 };
  }

  /** This store as a build sees it that knows these events. */
  knowing(known: KnownEvents): EventStore {
    const read = this.read.bind(this);
    return {
      async *read(stream, options) {
        for await (const stored of read(stream, options)) yield inCurrentVersion(stored, known);
      },
      append: async (stream, events, expected) => {
        checkAppend(stream, events, expected);
        for (const { event } of events) known.check(event.type, event.data);
        return this.append(stream, events, expected);
      },
    };
  }

  /** A position is how many events the log has up to there. */
  async *subscribeToAll({ from, categories, signal }: SubscriptionOptions): AsyncGenerator<Delivery> {
    const aborted = new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    let done = from === 'start' ? 0 : Number(from);
    let isCaughtUp = false;
    while (!isAborted(signal)) {
      const stored = this.all[done];
      if (stored !== undefined) {
        done += 1;
        const position = BigInt(done);
        yield isOf(categories, stored) ? { kind: 'event', position, stored } : { kind: 'checkpoint', position };
      } else if (isCaughtUp) {
        await Promise.race([this.#appended.promise, aborted]);
      } else {
        isCaughtUp = true;
        yield { kind: 'caught-up' };
      }
    }
  }

  async lastPosition(categories: readonly string[]): Promise<bigint | null> {
    const last = this.all.findLastIndex((stored) => isOf(categories, stored));
    return last < 0 ? null : BigInt(last + 1);
  }

  async idAt(stream: string, revision: number): Promise<string | null> {
    return this.#streams.get(stream)?.[revision]?.id ?? null;
  }
}

function isOf(categories: readonly string[], { stream }: StoredEvent): boolean {
  return categories.some((category) => stream.startsWith(`${category}-`));
}

/** Asked anew each time: it changes while the reader waits. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

const bytesOf = (value: object): number => Buffer.byteLength(JSON.stringify(value));

/** As a store has it, which keeps text. */
const asJson = <Value>(value: Value): Value => JSON.parse(JSON.stringify(value)) as Value;
