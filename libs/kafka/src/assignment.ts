import {
  backoffMs,
  ConsumerHeld,
  type ConsumerStatus,
  type EventBatch,
  fateOf,
  type Logger,
  messageOf,
  type Position,
  type Progress,
  type Standing,
} from '@orderstream/messaging';
import type { Batch, Consumer, EachBatchPayload, IMemberAssignment, Kafka } from 'kafkajs';
import { type AssignedPartition, commit, detailsOf, goTo, newlyAssigned, notYetHandled, statusOf } from './assigned-partition.ts';
import type { SchemaRegistryCodec } from './codec.ts';
import { InHand } from './in-hand.ts';
import { lastNamed, toBatchRecords } from './record.ts';
import { askKafka, boundsOf } from './topics.ts';
import { Said } from './trouble.ts';

export interface ConsumerOptions {
  readonly kafka: Kafka;
  readonly codec: SchemaRegistryCodec;
  readonly group: string;
  readonly progress: Progress;
  readonly logger: Logger;
}

const HEARTBEAT_CHECK_MS = 500;
/** After this many failures that the next attempt might not have, the partition counts as blocked. */
const PASSING_FAILURES = 5;
const SOUGHT_WITHIN_MS = 8_000;

/** The member whose assignment this is. */
export interface AssignedMember {
  /** Handles a batch. */
  deliver(batch: EventBatch): Promise<void>;
  /** Kafka has answered, if not as hoped. */
  answered(): void;
}

/**
 * What one member of a consumer group does with the partitions it was given: seeks their places,
 * delivers their batches, records progress after the effect, and holds a partition that can't go on.
 * Nothing here throws into kafkajs, which would retry the batch a few times and then give up.
 */
export class Assignment {
  readonly #options: ConsumerOptions;
  readonly #consumer: Consumer;
  readonly #member: AssignedMember;
  /** Replaced as a whole by every rebalance, so that what belongs to an older one is recognised. */
  #partitions: ReadonlyMap<string, AssignedPartition> = new Map();
  readonly #inHand = new InHand();
  /** An outage meets all partitions: it is logged once, and not for each. */
  readonly #outages = new Said();

  constructor(options: ConsumerOptions, consumer: Consumer, member: AssignedMember) {
    this.#options = options;
    this.#consumer = consumer;
    this.#member = member;
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
    for (const { topic, partition } of all) this.#consumer.pause([{ topic, partitions: [partition] }]);
    void this.#prepare(all);
  }

  /** No partition is ours any more. */
  drop(): void {
    for (const { timer } of this.#partitions.values()) clearTimeout(timer);
    this.#partitions = new Map();
  }

  heldBy(): string | null {
    for (const at of this.#partitions.values()) {
      const { topic, partition, soughtSinceMs } = at;
      const heldBy = at.heldBy ?? this.#standing(at)?.heldBy ?? null;
      const soughtForMs = soughtSinceMs === null ? 0 : performance.now() - soughtSinceMs;
      const reason = heldBy ?? (soughtForMs > SOUGHT_WITHIN_MS ? 'its position and its end are still being asked for' : null);
      if (reason !== null) return `partition ${partition} of ${topic}: ${reason}`;
    }
    return null;
  }

  caughtUp(): boolean {
    const all = [...this.#partitions.values()];
    const isAtEnd = (at: AssignedPartition): boolean => at.reading && at.nextOffset >= at.endOffset;
    return all.length > 0 && all.every((at) => isAtEnd(at) && (this.#standing(at)?.heldBy ?? null) === null);
  }

  partitions(): ConsumerStatus['partitions'] {
    return [...this.#partitions.values()].map(statusOf);
  }

  /** kafkajs's `eachBatch`. Returning without having resolved offsets means that the same comes again. */
  async take(given: EachBatchPayload): Promise<void> {
    const at = this.#partitions.get(keyOf(given.batch.topic, given.batch.partition));
    if (at === undefined || !at.reading || this.#inHand.isEnding) return;
    // The session is kept however long the handler takes; kafkajs learns what a heartbeat was answered with its own
    // next one.
    const beating = setInterval(() => void given.heartbeat().catch((fault: unknown) => this.#hear(fault)), HEARTBEAT_CHECK_MS);
    const taking = this.#take(given, at);
    const isSlow = await this.#inHand.isSlow(taking).finally(() => clearInterval(beating));
    if (isSlow) this.#handOff(at, taking);
  }

  /** Takes no more, and resolves when what is in hand has ended. */
  finish(): Promise<void> {
    return this.#inHand.end();
  }

  /** Never rejects. */
  async #take(given: EachBatchPayload, at: AssignedPartition): Promise<void> {
    const { batch } = given;
    try {
      const nextOffset = BigInt(batch.lastOffset()) + 1n;
      await this.#handle(at, batch, nextOffset);
      if (!this.#isOurs(at)) return;
      at.last = lastNamed(batch.messages) ?? at.last;
      const position = { partition: at.partition, nextOffset, last: at.last };
      await this.#options.progress.handled(at.topic, position, (beside) => commit(given, at, nextOffset, beside));
      given.resolveOffset(batch.lastOffset());
      this.#wentOn(at, nextOffset, BigInt(batch.highWatermark));
      this.#followStanding(at);
    } catch (fault) {
      this.#hold(at, fault, true);
    }
  }

  /** kafkajs fetches nothing of any partition, and joins no group, before all batches of a fetch have returned. */
  #handOff(at: AssignedPartition, taking: Promise<void>): void {
    if (!this.#isOurs(at) || !at.reading) return;
    at.reading = false;
    this.#tell((consumer) => consumer.pause([{ topic: at.topic, partitions: [at.partition] }]));
    void this.#takeBack(at, taking);
  }

  async #takeBack(at: AssignedPartition, taking: Promise<void>): Promise<void> {
    const { failures } = at;
    await taking;
    // A failure goes on by itself.
    if (!this.#isOurs(at) || at.failures > failures) return;
    at.reading = true;
    this.#tell((consumer) => consumer.resume([{ topic: at.topic, partitions: [at.partition] }]));
    this.#followStanding(at);
  }

  /** To be called now and then. */
  look(): void {
    for (const at of this.#partitions.values()) this.#followStanding(at);
  }

  /** Those who share the batches may have parted. */
  #followStanding(at: AssignedPartition): void {
    if (!at.reading || this.#standing(at)?.isElsewhere !== true) return;
    at.reading = false;
    this.#tell((consumer) => consumer.pause([{ topic: at.topic, partitions: [at.partition] }]));
    void this.#prepare([at]);
  }

  #standing({ topic, partition, nextOffset }: AssignedPartition): Standing | undefined {
    return this.#options.progress.standing?.(this.#options.group, topic, partition, nextOffset);
  }

  /** A batch of nothing but transaction markers and aborted records never reaches `take`. */
  skipped(topic: string, partition: number, lastOffset: string, highWatermark: string): void {
    const at = this.#partitions.get(keyOf(topic, partition));
    if (at?.reading === true) this.#wentOn(at, BigInt(lastOffset) + 1n, BigInt(highWatermark));
  }

  async #handle(at: AssignedPartition, batch: Batch, nextOffset: bigint): Promise<void> {
    const messages = notYetHandled(at, batch);
    if (messages.length === 0) return;
    const records = await toBatchRecords(at.topic, messages, this.#options.codec);
    const { topic, partition, fromOffset } = at;
    await this.#member.deliver({ group: this.#options.group, topic, partition, records, fromOffset, nextOffset });
    at.fromOffset = nextOffset;
  }

  #wentOn(at: AssignedPartition, nextOffset: bigint, endOffset: bigint): void {
    at.fetchOffset = nextOffset;
    if (nextOffset > at.nextOffset) at.nextOffset = nextOffset;
    at.endOffset = endOffset;
    this.#release(at);
  }

  #release(at: AssignedPartition): void {
    if (at.heldBy !== null) this.#options.logger.info(detailsOf(this.#options.group, at), 'the partition goes on');
    at.failures = 0;
    at.heldBy = null;
    at.said.forget();
    at.heldInBatch = false;
    if (this.heldBy() === null) this.#outages.forget();
  }

  #hold(at: AssignedPartition, fault: unknown, inBatch: boolean): void {
    if (!this.#isOurs(at)) return;
    at.reading = false;
    at.soughtSinceMs = null;
    at.failures += 1;
    at.heldInBatch = inBatch;
    const fate = fateOf(fault);
    const reason = messageOf(fault);
    const details = { ...detailsOf(this.#options.group, at), error: fault };
    if (fate === 'retry' && at.failures < PASSING_FAILURES) {
      this.#options.logger.debug(details, 'the partition is read again');
    } else {
      at.heldBy = reason;
      const isForSomebody = fate === 'park' || fault instanceof ConsumerHeld;
      const said = isForSomebody ? at.said : this.#outages;
      if (said.isNew(reason)) this.#say(isForSomebody, details);
    }
    this.#tell((consumer) => consumer.pause([{ topic: at.topic, partitions: [at.partition] }]));
    at.timer = setTimeout(() => void this.#prepare([at]), backoffMs(fate === 'retry' ? 'retry' : 'pause', at.failures));
  }

  /** A handler parks events that are at fault. Any other fault except an outage needs somebody to look; skipping would lose records. */
  #say(isForSomebody: boolean, details: object): void {
    if (isForSomebody) this.#options.logger.error(details, 'the partition is held until this is repaired');
    else this.#options.logger.warn(details, 'the partition is held');
  }

  /** Seeks the places of partitions, then lets them go on. */
  async #prepare(all: readonly AssignedPartition[]): Promise<void> {
    for (const at of all) at.soughtSinceMs = performance.now();
    await Promise.all(
      [...Map.groupBy(all, (each) => each.topic)].map(async ([topic, partitions]) => {
        try {
          await this.#seek(topic, partitions);
        } catch (fault) {
          for (const at of partitions) this.#hold(at, fault, at.heldInBatch);
        }
      }),
    );
  }

  async #seek(topic: string, partitions: readonly AssignedPartition[]): Promise<void> {
    const positions = await this.#options.progress.load(
      this.#options.group,
      topic,
      partitions.map(({ partition }) => partition),
    );
    // Asked for afterwards: while the positions were loaded, the partition's previous owner may have moved both on.
    const bounds = await askKafka(this.#options.kafka, (admin) => boundsOf(admin, topic));
    for (const at of partitions) {
      const { partition } = at;
      const position: Position = positions.find((each) => each.partition === partition) ?? { partition, nextOffset: 0n, last: null };
      const has = bounds.find((each) => each.partition === partition) ?? { partition, low: 0n, high: 0n };
      try {
        goTo(at, position, has);
        if (this.#isOurs(at)) this.#tell((consumer) => consumer.seek({ topic, partition, offset: String(at.fetchOffset) }));
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
    at.soughtSinceMs = null;
    if (!at.heldInBatch || nextOffset >= endOffset) this.#release(at);
    this.#tell((consumer) => consumer.resume([{ topic: at.topic, partitions: [at.partition] }]));
  }

  /** Says, for one, that the group rebalances or has dropped this member: the broker that answers so is there. */
  #hear(fault: unknown): void {
    if (fault instanceof Error && 'type' in fault) this.#member.answered();
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
}

function keyOf(topic: string, partition: number): string {
  return `${topic} ${partition}`;
}
