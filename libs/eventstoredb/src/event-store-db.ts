import { BACKWARDS, END, EventStoreDBClient, NO_STREAM, type ReadRevision } from '@eventstore/db-client';
import { checkEvent } from '@orderstream/contracts';
import {
  type AppendResult,
  type EventStore,
  type EventToAppend,
  type ExpectedRevision,
  type StoredEvent,
  StoreUnavailable,
} from '@orderstream/event-sourcing';
import { actualRevision, faultOf, isStreamNotFound } from './faults.ts';
import { toEventData, toStoredEvent } from './stored-event.ts';
import { type Delivery, type SubscriptionOptions, subscribe } from './subscription.ts';

const APPENDED_WITHIN_MS = 10_000;
const PING_WITHIN_MS = 1_000;
const DISPOSED_WITHIN_MS = 1_000;
/** Read by ping only; never written. */
const PING_STREAM = 'ping';

/**
 * The log in EventStoreDB, or anything that speaks its protocol. Connects at the first call, and
 * after a lost connection at the next one.
 *
 * A process should have only one: the client keeps the appends in flight of all its instances in one
 * place, and an error on one connection rejects those of every other.
 */
export class EventStoreDb implements EventStore {
  readonly #client: EventStoreDBClient;

  /** @param url `esdb://host:port?tls=false`, or several hosts or `esdb+discover://` for a cluster. */
  constructor(url: string) {
    this.#client = EventStoreDBClient.connectionString(url);
  }

  async *read(stream: string, options: { readonly fromRevision?: number } = {}): AsyncIterable<StoredEvent> {
    const fromRevision: ReadRevision = BigInt(options.fromRevision ?? 0);
    const events = this.#client.readStream(stream, { fromRevision });
    let ended = false;
    try {
      for await (const { event } of events) {
        if (event !== undefined) yield toStoredEvent(event);
      }
      ended = true;
    } catch (error) {
      ended = isStreamNotFound(error);
      if (!ended) throw faultOf(error);
    } finally {
      await release(events, ended);
    }
  }

  /** @throws ContractViolation for an event that is not what its contract declares: nothing is sent then. */
  async append(
    stream: string,
    events: readonly EventToAppend[],
    expected: ExpectedRevision,
  ): Promise<AppendResult> {
    for (const { event } of events) checkEvent(event.type, event.data);
    const expectedRevision = expected === 'no_stream' ? NO_STREAM : BigInt(expected);
    try {
      const appended = await within(
        APPENDED_WITHIN_MS,
        this.#client.appendToStream(stream, events.map(toEventData), { expectedRevision }),
      );
      return { ok: true, revision: Number(appended.nextExpectedRevision) };
    } catch (error) {
      const actual = actualRevision(error);
      if (actual === null) throw faultOf(error);
      return { ok: false, actual };
    }
  }

  /**
   * Every event of these categories behind a position, over all streams, in the order of the log;
   * then those that are appended from now on. Goes no faster than its reader.
   *
   * Ends when the signal is aborted. @throws StoreUnavailable when the subscription is dropped:
   * it does not subscribe again by itself, because only the caller knows how far it is.
   */
  subscribeToAll(options: SubscriptionOptions): AsyncIterable<Delivery> {
    return subscribe(this.#client, options);
  }

  /** The position of the last event of these categories; null when there is none. */
  async lastPosition(categories: readonly string[]): Promise<bigint | null> {
    const prefixes = categories.map((category) => `${category}-`);
    const events = this.#client.readAll({ direction: BACKWARDS, fromPosition: END });
    try {
      for await (const { event } of events) {
        if (event !== undefined && prefixes.some((prefix) => event.streamId.startsWith(prefix))) {
          return event.position.commit;
        }
      }
      return null;
    } catch (error) {
      throw faultOf(error);
    } finally {
      await release(events, false);
    }
  }

  /** Resolves when the store answers a read. @throws StoreUnavailable when it has not within a second. */
  async ping(): Promise<void> {
    const events = this.#client.readStream(PING_STREAM, { maxCount: 1 });
    let ended = false;
    try {
      await within(PING_WITHIN_MS, Array.fromAsync(events));
      ended = true;
    } catch (error) {
      ended = isStreamNotFound(error);
      if (!ended) throw faultOf(error);
    } finally {
      await release(events, ended);
    }
  }

  /** Ends the calls in hand. The client waits for the end of each, which of some is never reported: not for longer than a second. */
  async dispose(): Promise<void> {
    await within(DISPOSED_WITHIN_MS, this.#client.dispose()).catch(() => {});
  }
}

interface Call {
  cancel(): Promise<void>;
  on(event: 'error', listener: () => void): unknown;
}

/**
 * A reader that leaves early must also end the call behind it, or that keeps one of the connection's
 * 100 streams for ever. Once the reader has left, its errors are nobody's. What the server has ended is
 * left alone: each call cancelled then is an HTTP/2 stream reset, and a server closes the connection of a
 * client that resets many, with every other call on it.
 */
async function release(events: Call, ended: boolean): Promise<void> {
  events.on('error', () => {});
  if (!ended) await events.cancel().catch(() => {});
}

/** The client has no deadline of its own for appends: a server that never answers would hold its caller for ever. */
async function within<T>(limitMs: number, answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new StoreUnavailable(`eventstore does not answer within ${limitMs} ms`)), limitMs);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
