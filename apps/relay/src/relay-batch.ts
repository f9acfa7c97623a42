import type { StoredEvent } from '@orderstream/event-sourcing';
import { type SchemaRegistryCodec, toRecord } from '@orderstream/kafka';
import { BEHIND_A_PARKED_EVENT, type Failure } from '@orderstream/messaging';
import type { Message, TopicMessages } from 'kafkajs';
import type { ForeignTypes } from './foreign-types.ts';
import type { ParkedSoFar } from './parked-so-far.ts';
import { publishable } from './publishable.ts';
import { parkedMessage } from './shard-state.ts';
import type { Shard } from './shard.ts';

/** A stored event has a schema that this build does not know yet. Everything behind it waits. */
export class NewerSchema extends Error {
  override readonly name = 'NewerSchema';
}

/** Brokers take 1 MiB in one record batch by default, and kafkajs puts all records of a partition into one. */
const LARGEST_BATCH_BYTES = 512 * 1024;
const LARGEST_RECORD_BYTES = 1_000_000;
const MOST_EVENTS = 500;

/** An event that can't be published on its own account. */
export interface Refused {
  readonly stream: string;
  readonly revision: number;
  readonly cause: string;
}

/** What one transaction writes: records by topic, what is parked instead, and how far the log is covered by both. */
export class RelayBatch {
  readonly #shard: Shard;
  readonly #codec: SchemaRegistryCodec;
  readonly #parkedSoFar: ParkedSoFar;
  readonly #foreign: ForeignTypes;
  readonly #messages = new Map<string, Message[]>();
  #position: bigint | null = null;
  #first: StoredEvent | null = null;
  #last: StoredEvent | null = null;
  #records = 0;
  #parked = 0;
  #failures: readonly Failure[];
  readonly #refused: Refused[] = [];
  #bytes = 0;

  /** @param parkedSoFar before it; the batch adds to it. */
  constructor(shard: Shard, codec: SchemaRegistryCodec, parkedSoFar: ParkedSoFar, foreign: ForeignTypes) {
    this.#shard = shard;
    this.#codec = codec;
    this.#parkedSoFar = parkedSoFar;
    this.#foreign = foreign;
    this.#failures = parkedSoFar.failures;
  }

  /** The last position that was added; null: none. */
  get position(): bigint | null {
    return this.#position;
  }
  get records(): number {
    return this.#records;
  }
  get parked(): number {
    return this.#parked;
  }
  /** What the batch parks on its own account, not behind another event. */
  get refused(): readonly Refused[] {
    return this.#refused;
  }
  /**
   * What was parked among the last events up to the end of this batch: the checkpoint keeps it, so that a fault of
   * the relay's own is recognised.
   */
  get failures(): readonly Failure[] {
    return this.#failures;
  }
  /** Events added; a position may have been added without any. */
  get events(): number {
    return this.#records + this.#parked;
  }
  /** The first and the last event added; null: none. */
  get first(): StoredEvent | null {
    return this.#first;
  }
  get last(): StoredEvent | null {
    return this.#last;
  }
  get isFull(): boolean {
    return this.events >= MOST_EVENTS || this.#bytes >= LARGEST_BATCH_BYTES;
  }
  get topicMessages(): TopicMessages[] {
    return [...this.#messages].map(([topic, messages]) => ({ topic, messages }));
  }

  /** Everything up to here is in the batch, or belongs on no topic. */
  cover(position: bigint): void {
    this.#position = position;
  }

  /**
   * Encodes the event, or parks it: by itself, or behind an earlier one of its stream, which it must
   * not overtake.
   *
   * @throws NewerSchema, ConsumerHeld, and the batch is as it was before.
   */
  add(stored: StoredEvent, position: bigint): void {
    const cause = this.#parkedSoFar.isHeldBack(stored) ? BEHIND_A_PARKED_EVENT : this.#publish(stored);
    this.#parkedSoFar.add(stored, cause);
    this.#failures = this.#parkedSoFar.failures;
    if (cause !== null) this.#park(stored, position, cause);
    this.#position = position;
    this.#first ??= stored;
    this.#last = stored;
  }

  /** The cause to park it with, or null when it was published. */
  #publish(stored: StoredEvent): string | null {
    const decision = publishable(stored, this.#shard.routes, this.#codec.contracts, (type) => this.#foreign.has(type));
    if (decision.kind === 'wait') throw new NewerSchema(decision.cause);
    if (decision.kind === 'park') return decision.cause;
    const message = encode(stored, this.#codec);
    if (typeof message === 'string') return message;
    const bytes = bytesOf(message);
    if (bytes > LARGEST_RECORD_BYTES) return `its ${bytes} bytes are too many for a record`;
    this.#put(decision.topic, message, bytes);
    this.#records++;
    return null;
  }

  #park(stored: StoredEvent, position: bigint, cause: string): void {
    const message = parkedMessage(stored, position, cause, this.#shard);
    this.#put(this.#shard.parkedTopic, message, bytesOf(message));
    this.#parked++;
    if (cause !== BEHIND_A_PARKED_EVENT) this.#refused.push({ stream: stored.stream, revision: stored.revision, cause });
  }

  #put(topic: string, message: Message, bytes: number): void {
    this.#bytes += bytes;
    const messages = this.#messages.get(topic);
    if (messages === undefined) this.#messages.set(topic, [message]);
    else messages.push(message);
  }
}

/** The record, or why its data can't be one. Any other failure is the relay's own and must not park an event. */
function encode(stored: StoredEvent, codec: SchemaRegistryCodec): Message | string {
  try {
    return toRecord(stored, codec);
  } catch (fault) {
    const { event, metadata } = stored;
    const fits = codec.contracts.version(event.type, metadata.schemaVersion)!.avro.isValid(event.data);
    if (fits) throw fault;
    return `the data is not what version ${metadata.schemaVersion} of ${event.type} declares`;
  }
}

/** Nothing from the log has a limit: neither key and headers nor the value. */
function bytesOf({ key, value, headers = {} }: Message): number {
  const texts = [key, value, ...Object.entries(headers).flat(2)];
  return texts.reduce((sum: number, text) => sum + (text === null || text === undefined ? 0 : Buffer.byteLength(text)), 0);
}
