import {
  backoffMs, type ConsumerStatus, DependencyUnavailable, type EventBatch, fateOf, messageOf, type Position, type PositionStore, RetryableFault,
} from '@orderstream/messaging';
import type { Batch, Consumer, EachBatchPayload, IMemberAssignment, Kafka, KafkaMessage } from 'kafkajs';
import { type AssignedPartition, checkLastApplied, checkPosition, newlyAssigned } from './assigned-partition.ts';
import type { Logger } from './client.ts';
import type { SchemaRegistryCodec } from './codec.ts';
import { eventIdOf, toBatchRecords } from './record.ts';
import { askKafka, boundsOf } from './topics.ts';

export interface ConsumerOptions {
  readonly kafka: Kafka;
  readonly codec: SchemaRegistryCodec;
  readonly group: string;
  /** A projector's positions. Without them the member is a reactor, whose offsets are committed to Kafka. */
  readonly positions?: PositionStore;
  readonly logger: Logger;
}

const HEARTBEAT_CHECK_MS = 500;
/** Failures of the kind that the next attempt may not have, before they count as a block. */
const PASSING_FAILURES = 5;

/**
 * What one member of a consumer group does with the partitions it was given: seeks their places,
 * delivers their batches, records progress after the effect, and holds a partition that can't go on.
 * Nothing here throws into kafkajs, which would retry the batch a few times and then give up.
 */
export class Assignment {
  readonly #options: ConsumerOptions;
  readonly #consumer: Consumer;
  readonly #deliver: (batch: EventBatch) => Promise<void>;
  /** Replaced as a whole by every rebalance, so that what belongs to an older one is recognised. */
  #partitions: ReadonlyMap<string, AssignedPartition> = new Map();
  #batchesInHand = 0;

  constructor(options: ConsumerOptions, consumer: Consumer, deliver: (batch: EventBatch) => Promise<void>) {
    this.#options = options;
    this.#consumer = consumer;
    this.#deliver = deliver;
  }

  get batchesInHand(): number {
    return this.#batchesInHand;
  }

  /**
   * Called with every rebalance, before anything is fetched. Pauses at once: kafkajs does not wait
   * for what a listener does later, and would deliver from the committed offset.
   */
  replace(memberAssignment: IMemberAssignment): void {
    this.drop();
    const all = Object.entries(memberAssignment).flatMap(([topic, partitions]) =>
      partitions.map((partition) => newlyAssigned(topic, partition)),
    );
    this.#partitions = new Map(all.map((each) => [keyOf(each.topic, each.partition), each]));
    for (const each of all) this.#consumer.pause([{ topic: each.topic, partitions: [each.partition] }]);
    void this.#prepare(all);
  }

  /** Nothing is ours any more. */
  drop(): void {
    for (const { timer } of this.#partitions.values()) clearTimeout(timer);
    this.#partitions = new Map();
  }

  heldBy(): string | null {
    for (const { topic, partition, heldBy } of this.#partitions.values()) {
      if (heldBy !== null) return `partition ${partition} of ${topic}: ${heldBy}`;
    }
    return null;
  }

  caughtUp(): boolean {
    const all = [...this.#partitions.values()];
    return all.length > 0 && all.every(({ reading, nextOffset, endOffset }) => reading && nextOffset >= endOffset);
  }

  partitions(): ConsumerStatus['partitions'] {
    return [...this.#partitions.values()].map(({ topic, partition, nextOffset, endOffset }) => ({ topic, partition, nextOffset, endOffset }));
  }

  /** kafkajs's `eachBatch`. Returning without having resolved offsets means: the same again. */
  async take(given: EachBatchPayload): Promise<void> {
    const { batch } = given;
    const at = this.#partitions.get(keyOf(batch.topic, batch.partition));
    if (at === undefined || !at.reading) return;
    // The session is kept however long the handler takes; what a heartbeat is told, kafkajs learns with its own next one.
    const beating = setInterval(() => void given.heartbeat().catch(() => {}), HEARTBEAT_CHECK_MS);
    this.#batchesInHand += 1;
    try {
      const nextOffset = BigInt(batch.lastOffset()) + 1n;
      await this.#handle(at, batch, nextOffset);
      if (!this.#isOurs(at)) return;
      if (this.#options.positions === undefined) {
        const partitions = [{ partition: at.partition, offset: String(nextOffset) }];
        await given.commitOffsetsIfNecessary({ topics: [{ topic: at.topic, partitions }] }).catch((fault: unknown) => {
          throw new DependencyUnavailable('kafka', fault);
        });
      }
      given.resolveOffset(batch.lastOffset());
      this.#wentOn(at, nextOffset, BigInt(batch.highWatermark));
    } catch (fault) {
      this.#hold(at, fault, true);
    } finally {
      clearInterval(beating);
      this.#batchesInHand -= 1;
    }
  }

  /** A batch of nothing but transaction markers and aborted records never reaches `take`. */
  skipped(topic: string, partition: number, lastOffset: string, highWatermark: string): void {
    const at = this.#partitions.get(keyOf(topic, partition));
    if (at?.reading === true) this.#wentOn(at, BigInt(lastOffset) + 1n, BigInt(highWatermark));
  }

  async #handle(at: AssignedPartition, batch: Batch, nextOffset: bigint): Promise<void> {
    const messages = this.#options.positions === undefined ? batch.messages : this.#notYetApplied(at, batch);
    if (messages.length === 0) return;
    const records = await toBatchRecords(messages, this.#options.codec);
    await this.#deliver({ group: this.#options.group, topic: at.topic, partition: at.partition, records, nextOffset });
  }

  /** A projector's batch without what its position covers. */
  #notYetApplied(at: AssignedPartition, batch: Batch): KafkaMessage[] {
    // kafkajs starts again elsewhere, and only logs it, when an offset is no longer there.
    const { fetchedOffset } = batch as Batch & { readonly fetchedOffset: string };
    if (BigInt(fetchedOffset) !== at.fetchOffset) {
      throw new RetryableFault(`reading went on at offset ${fetchedOffset}, not at ${at.fetchOffset}`);
    }
    const [first] = batch.messages;
    if (at.mustBeginWith !== null && first !== undefined) {
      checkLastApplied(at, at.mustBeginWith, { offset: BigInt(first.offset), eventId: eventIdOf(first) });
      at.mustBeginWith = null;
    }
    return batch.messages.filter(({ offset }) => BigInt(offset) >= at.nextOffset);
  }

  #wentOn(at: AssignedPartition, nextOffset: bigint, endOffset: bigint): void {
    at.fetchOffset = nextOffset;
    if (nextOffset > at.nextOffset) at.nextOffset = nextOffset;
    at.endOffset = endOffset;
    this.#release(at);
  }

  #release(at: AssignedPartition): void {
    if (at.heldBy !== null) this.#options.logger.info(this.#details(at), 'the partition goes on');
    at.failures = 0;
    at.heldBy = null;
    at.heldInBatch = false;
  }

  #hold(at: AssignedPartition, fault: unknown, inBatch: boolean): void {
    if (!this.#isOurs(at)) return;
    at.reading = false;
    at.failures += 1;
    at.heldInBatch = inBatch;
    const fate = fateOf(fault);
    const reason = messageOf(fault);
    const details = { ...this.#details(at), error: fault };
    if (fate === 'retry' && at.failures < PASSING_FAILURES) {
      this.#options.logger.debug(details, 'the partition is read again');
    } else if (at.heldBy !== reason) {
      at.heldBy = reason;
      // A handler parks what is wrong with an event. Any other fault than an outage needs somebody to look, and skipping would lose records.
      if (fate === 'park') this.#options.logger.error(details, 'the partition is held until this is repaired');
      else this.#options.logger.warn(details, 'the partition is held');
    }
    this.#tell((consumer) => consumer.pause([{ topic: at.topic, partitions: [at.partition] }]));
    at.timer = setTimeout(() => void this.#prepare([at]), backoffMs(fate === 'retry' ? 'retry' : 'pause', at.failures));
  }

  /** Seeks the places of partitions, then lets them go on. */
  async #prepare(all: readonly AssignedPartition[]): Promise<void> {
    for (const [topic, partitions] of Map.groupBy(all, (each) => each.topic)) {
      try {
        await (this.#options.positions === undefined
          ? this.#prepareReactor(topic, partitions)
          : this.#prepareProjector(topic, partitions, this.#options.positions));
      } catch (fault) {
        for (const at of partitions) this.#hold(at, fault, at.heldInBatch);
      }
    }
  }

  /** kafkajs itself goes on at the committed offset; what was not resolved is fetched again. */
  async #prepareReactor(topic: string, partitions: readonly AssignedPartition[]): Promise<void> {
    const [bounds, committed] = await askKafka(this.#options.kafka, async (admin) => [
      await boundsOf(admin, topic),
      await admin.fetchOffsets({ groupId: this.#options.group, topics: [topic] }),
    ] as const);
    for (const at of partitions) {
      const { low, high } = bounds.find(({ partition }) => partition === at.partition) ?? { low: 0n, high: 0n };
      const offset = BigInt(committed[0]?.partitions.find(({ partition }) => partition === at.partition)?.offset ?? -1);
      this.#goOn(at, offset < low ? low : offset, high);
    }
  }

  async #prepareProjector(topic: string, partitions: readonly AssignedPartition[], store: PositionStore): Promise<void> {
    const numbers = partitions.map(({ partition }) => partition);
    const bounds = await askKafka(this.#options.kafka, (admin) => boundsOf(admin, topic));
    const positions = await store.load(this.#options.group, topic, numbers);
    for (const at of partitions) {
      const start: Position = { partition: at.partition, nextOffset: 0n, last: null };
      const position = positions.find(({ partition }) => partition === at.partition) ?? start;
      const has = bounds.find(({ partition }) => partition === at.partition) ?? { partition: at.partition, low: 0n, high: 0n };
      try {
        checkPosition(topic, position, has);
        at.mustBeginWith = position.last;
        at.fetchOffset = position.last?.offset ?? position.nextOffset;
        if (this.#isOurs(at)) this.#tell((consumer) => consumer.seek({ topic, partition: at.partition, offset: String(at.fetchOffset) }));
        this.#goOn(at, position.nextOffset, has.high);
      } catch (fault) {
        this.#hold(at, fault, false);
      }
    }
  }

  #goOn(at: AssignedPartition, nextOffset: bigint, endOffset: bigint): void {
    if (!this.#isOurs(at)) return;
    at.nextOffset = nextOffset;
    at.endOffset = endOffset;
    at.reading = true;
    if (!at.heldInBatch || nextOffset >= endOffset) this.#release(at);
    this.#tell((consumer) => consumer.resume([{ topic: at.topic, partitions: [at.partition] }]));
  }

  #isOurs(at: AssignedPartition): boolean {
    return this.#partitions.get(keyOf(at.topic, at.partition)) === at;
  }

  /** kafkajs refuses while a member is about to leave; what comes after that is a new assignment. */
  #tell(command: (consumer: Consumer) => void): void {
    try {
      command(this.#consumer);
    } catch (fault) {
      this.#options.logger.debug({ group: this.#options.group, error: fault }, 'the member is leaving its group');
    }
  }

  #details({ topic, partition, nextOffset, failures }: AssignedPartition): object {
    return { group: this.#options.group, topic, partition, offset: String(nextOffset), failures };
  }
}

function keyOf(topic: string, partition: number): string {
  return `${topic} ${partition}`;
}
