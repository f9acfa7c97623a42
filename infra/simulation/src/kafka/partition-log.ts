import type { KafkaMessage, Message } from 'kafkajs';
import { Refusal } from './refusal.ts';

export interface Producer {
  readonly producerId: string;
  readonly producerEpoch: number;
}

/** A message as kafkajs decodes it, with what it needs to leave out aborted ones. */
export type LoggedMessage = KafkaMessage & {
  readonly isControlRecord: boolean;
  readonly batchContext: { readonly producerId: string; readonly inTransaction: boolean };
};

export interface Fetched {
  readonly partition: number;
  readonly highWatermark: string;
  readonly lastStableOffset: string;
  readonly abortedTransactions: { readonly producerId: string; readonly firstOffset: string }[];
  readonly messages: readonly LoggedMessage[];
}

/** What one Produce appended, or a marker. */
interface LoggedBatch {
  readonly from: number;
  readonly messages: readonly LoggedMessage[];
}

interface ProducerState {
  epoch: number;
  /** The last batches, by which a repeated one is recognised. */
  recent: { readonly sequence: number; readonly count: number; readonly from: number }[];
  /** The first offset of its open transaction. */
  openFrom: number | null;
}

const BATCHES_REMEMBERED = 5;
const MARKER_KEYS = { abort: Buffer.from([0, 0, 0, 0]), commit: Buffer.from([0, 0, 0, 1]) } as const;
const MARKER_VALUE = Buffer.alloc(6);

export type Ending = keyof typeof MARKER_KEYS;

/** One partition: record batches and markers, and what its leader knows of their producers. */
export class PartitionLog {
  readonly #batches: LoggedBatch[] = [];
  readonly #producers = new Map<string, ProducerState>();
  readonly #aborted: { readonly producerId: string; readonly from: number; readonly marker: number }[] = [];
  #end = 0;

  get end(): number {
    return this.#end;
  }

  /** Where a read-committed reader stops. */
  get lastStable(): number {
    let stable = this.#end;
    for (const { openFrom } of this.#producers.values()) if (openFrom !== null && openFrom < stable) stable = openFrom;
    return stable;
  }

  isOpenFor({ producerId }: Producer): boolean {
    return (this.#producers.get(producerId)?.openFrom ?? null) !== null;
  }

  /** Appends a producer's next batch, or recognises one that it has. Returns its first offset. */
  append(producer: Producer, sequence: number, messages: readonly Message[]): number {
    const state = this.#stateOf(producer);
    const last = state.recent.at(-1);
    const repeated = state.recent.find((each) => each.sequence === sequence && each.count === messages.length);
    if (repeated !== undefined) return repeated.from;
    const expected = last === undefined ? 0 : last.sequence + last.count;
    if (sequence !== expected) throw new Refusal('OUT_OF_ORDER_SEQUENCE_NUMBER', `${sequence} instead of ${expected}`);
    const from = this.#end;
    state.openFrom ??= from;
    state.recent = [...state.recent, { sequence, count: messages.length, from }].slice(-BATCHES_REMEMBERED);
    this.#add(messages.map((message, index) => logged(from + index, message, producer.producerId)));
    return from;
  }

  /** Ends a producer's transaction here; those of an older epoch can't append any more. */
  mark(producer: Producer, ending: Ending): void {
    const state = this.#stateOf(producer);
    if (state.openFrom !== null && ending === 'abort')
      this.#aborted.push({ producerId: producer.producerId, from: state.openFrom, marker: this.#end });
    state.openFrom = null;
    const key = MARKER_KEYS[ending];
    this.#add([{ ...logged(this.#end, { key, value: MARKER_VALUE }, producer.producerId), isControlRecord: true }]);
  }

  /** Some whole batches from an offset on, the first of which may begin before it; without markers' and aborted records' meaning. */
  read(partition: number, from: number, { isCommitted, batches }: { readonly isCommitted: boolean; readonly batches: number }): Fetched {
    if (from > this.#end) throw new Refusal('OFFSET_OUT_OF_RANGE');
    const stable = this.lastStable;
    const until = isCommitted ? stable : this.#end;
    const first = this.#indexOf(from);
    const read = this.#batches.slice(first, first + batches).filter((batch) => batch.from < until);
    const messages = read.flatMap((batch) => batch.messages);
    const end = read.length === 0 ? from : read.at(-1)!.from + read.at(-1)!.messages.length;
    return {
      partition,
      highWatermark: String(this.#end),
      lastStableOffset: String(stable),
      abortedTransactions: this.#aborted
        .filter(({ from: began, marker }) => marker >= from && began < end)
        .map(({ producerId, from: began }) => ({ producerId, firstOffset: String(began) })),
      messages,
    };
  }

  /** What a read-committed reader gets in all. */
  committed(): readonly KafkaMessage[] {
    const messages = this.#batches.flatMap((batch) => batch.messages);
    const stable = this.lastStable;
    return messages.filter(
      ({ offset, isControlRecord, batchContext: { producerId } }) =>
        !isControlRecord &&
        Number(offset) < stable &&
        !this.#aborted.some(({ producerId: by, from, marker }) => by === producerId && Number(offset) >= from && Number(offset) < marker),
    );
  }

  #add(messages: readonly LoggedMessage[]): void {
    this.#batches.push({ from: this.#end, messages });
    this.#end += messages.length;
  }

  /** Of the batch with this offset, or the one behind the end. */
  #indexOf(offset: number): number {
    let [low, high] = [0, this.#batches.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const batch = this.#batches[middle]!;
      if (batch.from + batch.messages.length <= offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #stateOf({ producerId, producerEpoch }: Producer): ProducerState {
    const state = this.#producers.get(producerId) ?? { epoch: producerEpoch, recent: [], openFrom: null };
    if (producerEpoch < state.epoch) throw new Refusal('INVALID_PRODUCER_EPOCH', `${producerEpoch} after ${state.epoch}`);
    if (producerEpoch > state.epoch) Object.assign(state, { epoch: producerEpoch, recent: [] });
    this.#producers.set(producerId, state);
    return state;
  }
}

const bytesOf = (text: Buffer | string | null | undefined): Buffer | null =>
  text === null || text === undefined ? null : Buffer.isBuffer(text) ? text : Buffer.from(text);

function logged(offset: number, { key, value, headers = {}, timestamp = '0' }: Message, producerId: string): LoggedMessage {
  const named = Object.entries(headers).map(([name, text]) => [name, bytesOf(text as Buffer | string)]);
  return {
    key: bytesOf(key),
    value: bytesOf(value),
    headers: Object.fromEntries(named) as Record<string, Buffer>,
    offset: String(offset),
    timestamp,
    attributes: 0,
    isControlRecord: false,
    batchContext: { producerId, inTransaction: true },
  };
}
