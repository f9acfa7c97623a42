import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { topics, streams } from '@orderstream/contracts';
import { type StoredEvent, StoreUnavailable } from '@orderstream/event-sourcing';
import { EventStoreDb } from '@orderstream/eventstoredb';
import type { Consumer, Kafka } from 'kafkajs';
import type { TopicRecord } from './ledger/topics.ts';

const AGAIN_AFTER_MS = 250;

/**
 * Follows the store and every topic beside the platform, from their beginning, as any read-committed
 * reader could. It takes part in nothing: it commits no offsets and writes nowhere.
 */
export class Observer {
  /** Every stored fact, in the order of the log. */
  readonly facts: StoredEvent[] = [];
  /** Every record of every topic, in the order of its partition. */
  readonly records: TopicRecord[] = [];
  /** The offset of the last record by `topic/partition`. */
  readonly lastOffsets = new Map<string, bigint>();
  readonly store: EventStoreDb;
  readonly #stop = new AbortController();
  readonly #consumer: Consumer;
  #following: Promise<void> = Promise.resolve();
  #fault: unknown = null;

  private constructor(eventStoreUrl: string, kafka: Kafka) {
    this.store = new EventStoreDb(eventStoreUrl);
    this.#consumer = kafka.consumer({ groupId: `observer-${randomUUID()}`, maxWaitTimeInMs: 50, readUncommitted: false });
  }

  static async start(eventStoreUrl: string, kafka: Kafka): Promise<Observer> {
    const observer = new Observer(eventStoreUrl, kafka);
    observer.#following = observer.#followStore().catch((fault: unknown) => void (observer.#fault = fault));
    await observer.#consumer.connect();
    await observer.#consumer.subscribe({ topics: Object.keys(topics), fromBeginning: true });
    await observer.#consumer.run({
      autoCommit: false,
      eachBatch: async ({ batch }) => {
        for (const { offset, key, headers } of batch.messages) {
          const text = (name: string): string | null => headers?.[name]?.toString() ?? null;
          const at = BigInt(offset);
          const place = `${batch.topic}/${batch.partition}`;
          // Its group has no offsets: after a rebalance it begins anew.
          if (at <= (observer.lastOffsets.get(place) ?? -1n)) continue;
          observer.lastOffsets.set(place, at);
          observer.records.push({
            topic: batch.topic,
            partition: batch.partition,
            offset: at,
            eventId: text('ce_id'),
            stream: key?.toString() ?? '',
            revision: Number(text('streamrevision') ?? -1),
          });
        }
      },
    });
    return observer;
  }

  /** Whether every fact seen in the store has reached its topic. Throws when the store can't be followed. */
  get relayed(): boolean {
    if (this.#fault !== null) throw this.#fault;
    return this.records.length >= this.facts.length;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#following;
    await this.store.dispose();
    await this.#consumer.disconnect();
  }

  /** A subscription that is dropped is taken up again behind the last fact. */
  async #followStore(): Promise<void> {
    const categories = Object.keys(streams);
    const { signal } = this.#stop;
    let from: bigint | 'start' = 'start';
    while (!signal.aborted) {
      try {
        for await (const delivery of this.store.subscribeToAll({ from, categories, signal })) {
          if (delivery.kind === 'event') this.facts.push(delivery.stored);
          if (delivery.kind !== 'caught-up') from = delivery.position;
        }
      } catch (fault) {
        if (!(fault instanceof StoreUnavailable)) throw fault;
        await delay(AGAIN_AFTER_MS);
      }
    }
  }
}
