import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { contracts, streams, topics } from '@orderstream/contracts';
import { inCurrentVersion, type StoredEvent, StoreUnavailable } from '@orderstream/event-sourcing';
import { EventStoreDb } from '@orderstream/eventstoredb';
import { reasonOf } from '@orderstream/messaging';
import type { Admin, Consumer, Kafka } from 'kafkajs';
import type { ObservedRecord } from './ledger/observed-record.ts';
import { Unseen } from './unseen.ts';

const AGAIN_AFTER_MS = 250;
const categories = Object.keys(streams);

/**
 * Follows the store and every topic beside the platform, from their beginning, as any read-committed
 * reader could. It takes part in nothing: it commits no offsets and writes nowhere.
 */
export class Observer {
  /** Every stored event, in the order of the log. */
  readonly events: StoredEvent[] = [];
  /** Every record of every topic, in the order of its partition. */
  readonly records: ObservedRecord[] = [];
  /** The offset of the last record by `topic/partition`. */
  readonly lastOffsets = new Map<string, bigint>();
  readonly store: EventStoreDb;
  /** Events of which no record has been seen, and the event ids of all records. */
  readonly #unrelayed = new Map<string, StoredEvent>();
  readonly #recorded = new Set<string>();
  /** How far the log and each partition have been read: also past what is not an event or record. */
  #readTo = -1n;
  readonly #nextOffsets = new Map<string, bigint>();
  readonly #stop = new AbortController();
  readonly #consumer: Consumer;
  #following: Promise<void> = Promise.resolve();
  #fault: unknown = null;

  constructor(eventStoreUrl: string, kafka: Kafka) {
    this.store = new EventStoreDb(eventStoreUrl);
    this.#consumer = kafka.consumer({ groupId: `observer-${randomUUID()}`, maxWaitTimeInMs: 50, readUncommitted: false });
  }

  /** Begins to read; resolves when it is a member of its group. */
  async follow(): Promise<void> {
    this.#following = this.#followStore().catch((fault: unknown) => void (this.#fault = fault));
    const { CRASH, END_BATCH_PROCESS } = this.#consumer.events;
    this.#consumer.on(CRASH, ({ payload: { error, restart } }) => void (restart || (this.#fault = error)));
    // Also for batches with nothing but transaction markers, which eachBatch doesn't get.
    this.#consumer.on(END_BATCH_PROCESS, ({ payload: { topic, partition, lastOffset } }) => {
      const place = `${topic}/${partition}`;
      const next = BigInt(lastOffset) + 1n;
      if (next > (this.#nextOffsets.get(place) ?? 0n)) this.#nextOffsets.set(place, next);
    });
    await this.#consumer.connect();
    await this.#consumer.subscribe({ topics: Object.keys(topics), fromBeginning: true });
    await this.#consumer.run({
      autoCommit: false,
      eachBatch: async ({ batch }) => {
        for (const { offset, key, headers, value } of batch.messages) {
          const text = (name: string): string | null => headers?.[name]?.toString() ?? null;
          const at = BigInt(offset);
          const place = `${batch.topic}/${batch.partition}`;
          // Its group commits no offsets: after a rebalance it begins anew.
          if (at <= (this.lastOffsets.get(place) ?? -1n)) continue;
          this.lastOffsets.set(place, at);
          const eventId = text('ce_id');
          const stream = key?.toString() ?? '';
          const revision = Number(text('streamrevision') ?? -1);
          this.records.push({ topic: batch.topic, partition: batch.partition, offset: at, eventId, stream, revision, value });
          if (eventId === null) continue;
          this.#recorded.add(eventId);
          this.#unrelayed.delete(eventId);
        }
      },
    });
  }

  /** The stored events that no topic has a record of. @throws Unseen when either can't be followed. */
  get unrelayed(): readonly StoredEvent[] {
    if (this.#fault !== null) throw new Unseen(`what happens can't be followed: ${reasonOf(this.#fault)}`, { cause: this.#fault });
    return [...this.#unrelayed.values()];
  }

  /**
   * Names the event store if there is more in it, at this moment, than has been read. Without this, a store that is
   * read more slowly than the topics, or not at all, would look like one with fewer events.
   */
  async unreadLog(): Promise<string[]> {
    const last = await this.store.lastPosition(categories);
    return last !== null && last > this.#readTo ? ['the event store'] : [];
  }

  /** The partitions in which there is more, at this moment, than has been read. */
  async unreadTopics(admin: Admin): Promise<string[]> {
    const behind: string[] = [];
    for (const topic of Object.keys(topics)) {
      for (const { partition, low, high } of await admin.fetchTopicOffsets(topic)) {
        const isRead = low === high || BigInt(high) <= (this.#nextOffsets.get(`${topic}/${partition}`) ?? 0n);
        if (!isRead) behind.push(`${topic}/${partition}`);
      }
    }
    return behind;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#following;
    await this.store.dispose();
    await this.#consumer.disconnect();
  }

  /** A subscription that is dropped is resumed after the last event. */
  async #followStore(): Promise<void> {
    const { signal } = this.#stop;
    let from: bigint | 'start' = 'start';
    while (!signal.aborted) {
      try {
        for await (const delivery of this.store.subscribeToAll({ from, categories, signal })) {
          if (delivery.kind === 'event') this.#keep(inKnownVersion(delivery.stored));
          if (delivery.kind !== 'caught-up') this.#readTo = from = delivery.position;
        }
      } catch (fault) {
        if (!(fault instanceof StoreUnavailable)) throw fault;
        await delay(AGAIN_AFTER_MS);
      }
    }
  }

  #keep(stored: StoredEvent): void {
    this.events.push(stored);
    if (!this.#recorded.has(stored.id)) this.#unrelayed.set(stored.id, stored);
  }
}

/**
 * In its current version, if it ever had one: the relay parks what no contract declares.
 *
 * @throws NewerEvent for a newer version of a known type: nothing can be said about it.
 */
function inKnownVersion(stored: StoredEvent): StoredEvent {
  const { kind } = contracts.current(stored.event.type, stored.metadata?.schemaVersion, stored.event.data);
  return kind === 'unknown' ? stored : inCurrentVersion(stored, contracts);
}
