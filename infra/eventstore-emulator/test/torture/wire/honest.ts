import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import type { Violations } from '../torture.ts';

/** The longest that it may have to wait, whatever others send. */
const LIMIT_MS = 20_000;

/** A client that behaves, and must not feel that others do not. */
export class Honest {
  readonly stream = `honest-${randomUUID()}`;
  readonly #client: EventStoreDBClient;
  readonly #violations: Violations;
  readonly #ids: string[] = [];
  readonly #seen: string[] = [];
  longestMs = 0;
  #isLeaving = false;

  constructor(client: EventStoreDBClient, violations: Violations) {
    this.#client = client;
    this.#violations = violations;
  }

  get appends(): number {
    return this.#ids.length;
  }

  async subscribe(): Promise<void> {
    const subscription = this.#client.subscribeToStream(this.stream);
    subscription.on('data', ({ event }) => this.#seen.push(event!.id));
    subscription.on('error', (cause) => {
      if (!this.#isLeaving) this.#violations.add(`the honest client's subscription failed: ${cause.message}`);
    });
    await once(subscription, 'confirmation');
  }

  async step(): Promise<void> {
    const event = jsonEvent({ type: 'Happened', data: { n: this.#ids.length } });
    const expectedRevision = this.#ids.length === 0 ? 'no_stream' : BigInt(this.#ids.length - 1);
    await this.#timed('append', this.#client.appendToStream(this.stream, event, { expectedRevision }));
    this.#ids.push(event.id);
    const read = await this.#timed(
      'read',
      ids(this.#client.readStream(this.stream, { direction: 'backwards', fromRevision: 'end', maxCount: 3 })),
    );
    if (read[0] !== event.id) this.#violations.add(`the honest client read ${read[0]} after it had written ${event.id}`);
  }

  async #timed<Result>(what: string, work: Promise<Result>): Promise<Result> {
    const startedAt = performance.now();
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(new Error(`no answer in ${LIMIT_MS} ms`)), LIMIT_MS);
    try {
      return await Promise.race([work, late]);
    } catch (cause) {
      this.#violations.add(`the honest client's ${what} failed: ${(cause as Error).message}`);
      throw cause;
    } finally {
      clearTimeout(timer);
      this.longestMs = Math.max(this.longestMs, performance.now() - startedAt);
    }
  }

  /** Checks that everything is there and was seen. */
  async judge(client: EventStoreDBClient): Promise<void> {
    this.#isLeaving = true;
    const stored = await ids(client.readStream(this.stream));
    if (stored.join() !== this.#ids.join())
      this.#violations.add(`of the honest client's ${this.#ids.length} events ${stored.length} are stored`);
    const wrong = this.#seen.findIndex((id, index) => id !== this.#ids[index]);
    if (wrong >= 0) this.#violations.add(`the honest client's subscription saw ${this.#seen[wrong]} as number ${wrong}`);
    if (this.#seen.length < this.#ids.length - 1)
      this.#violations.add(`the honest client's subscription saw ${this.#seen.length} of ${this.#ids.length}`);
  }
}

async function ids(events: AsyncIterable<{ event?: { id: string } }>): Promise<string[]> {
  return Array.fromAsync(events, ({ event }) => event!.id);
}
