import { type ConsumerStatus, DependencyUnavailable, type Position, RetryableFault } from '@orderstream/messaging';
import type { Batch, EachBatchPayload, KafkaMessage } from 'kafkajs';
import { checkReadable } from './compression.ts';
import { eventIdOf } from './record.ts';
import { Said } from './trouble.ts';

/** The offsets that a partition holds, as read-committed readers see them. */
export interface PartitionBounds {
  readonly partition: number;
  /** The first offset that is still there. */
  readonly low: bigint;
  /** Where the next committed record will be, or a later offset. */
  readonly high: bigint;
}

/** A partition that this member was given, for as long as the group does not rebalance. */
export interface AssignedPartition {
  readonly topic: string;
  readonly partition: number;
  /** Whether batches are taken: not before its place was sought, and not while it is held. */
  reading: boolean;
  /** What the consumer handles next. */
  nextOffset: bigint;
  /** What comes next to the handler: before `nextOffset` when nothing but markers and aborted records lie between. */
  fromOffset: bigint;
  /** What kafkajs fetches next; behind `nextOffset` while the last handled record is read again. */
  fetchOffset: bigint;
  endOffset: bigint;
  /** The last record that was handled and names its event. */
  last: Position['last'];
  /** The record that the next batch must begin with: the last one that was handled. */
  mustBeginWith: Position['last'];
  /** Since when its place is being sought; null when it is not. */
  soughtSinceMs: number | null;
  /** Failures in a row. */
  failures: number;
  /** Why it is held, until it goes on. */
  heldBy: string | null;
  /** What was logged about that. */
  readonly said: Said;
  /** Whether it is held because a batch failed: then only a batch that succeeds ends that. */
  heldInBatch: boolean;
  timer: NodeJS.Timeout | undefined;
}

export function newlyAssigned(topic: string, partition: number): AssignedPartition {
  return {
    topic,
    partition,
    reading: false,
    nextOffset: 0n,
    fromOffset: 0n,
    fetchOffset: 0n,
    endOffset: 0n,
    last: null,
    mustBeginWith: null,
    soughtSinceMs: null,
    failures: 0,
    heldBy: null,
    said: new Said(),
    heldInBatch: false,
    timer: undefined,
  };
}

export function statusOf({ topic, partition, nextOffset, endOffset }: AssignedPartition): ConsumerStatus['partitions'][number] {
  return { topic, partition, nextOffset, endOffset };
}

/** For the log. */
export function detailsOf(group: string, { topic, partition, nextOffset, failures }: AssignedPartition): object {
  return { group, topic, partition, offset: String(nextOffset), failures };
}

/** The topic is not the one that the position was taken from. The partition is held until somebody has looked. */
export class TopicReplaced extends Error {
  override readonly name = 'TopicReplaced';
}

/**
 * Checks that a consumer can go on where it was: a topic that lost records or was recreated must not look like one
 * that has nothing new.
 *
 * @throws TopicReplaced
 */
export function checkPosition(topic: string, position: Position, { low, high }: PartitionBounds): void {
  const { partition, nextOffset, last } = position;
  const where = `partition ${partition} of ${topic}`;
  const oldestNeeded = last?.offset ?? nextOffset;
  if (low > oldestNeeded) {
    throw new TopicReplaced(`${where} was truncated: it begins at offset ${low}, and offset ${oldestNeeded} is needed`);
  }
  if (nextOffset > high || (last !== null && last.offset >= high)) {
    throw new TopicReplaced(`${where} was truncated or recreated: it ends at offset ${high}, before the position ${nextOffset}`);
  }
}

/** Reading begins with the last record that was handled, which must be the same still. @throws TopicReplaced */
export function goTo(at: AssignedPartition, position: Position, has: PartitionBounds): void {
  checkPosition(at.topic, position, has);
  at.last = position.last;
  at.mustBeginWith = position.last;
  at.fromOffset = position.nextOffset;
  at.fetchOffset = position.last?.offset ?? position.nextOffset;
}

/** @throws TopicReplaced when the record where the last handled one was is another. */
export function checkLastHandled(
  { topic, partition }: AssignedPartition,
  handled: NonNullable<Position['last']>,
  found: { readonly offset: bigint; readonly eventId: string | null },
): void {
  if (found.offset === handled.offset && found.eventId === handled.eventId) return;
  throw new TopicReplaced(
    `partition ${partition} of ${topic} was recreated: event ${handled.eventId} was handled from offset ${handled.offset}, ` +
      `and now there is ${found.eventId ?? 'a record without an id'} at offset ${found.offset}`,
  );
}

/** A batch without the records that the position covers. @throws UnreadableBatch, RetryableFault, TopicReplaced */
export function notYetHandled(at: AssignedPartition, batch: Batch): KafkaMessage[] {
  checkReadable(batch.messages);
  const { fetchedOffset } = batch as Batch & { readonly fetchedOffset: string };
  if (BigInt(fetchedOffset) !== at.fetchOffset) {
    throw new RetryableFault(`reading went on at offset ${fetchedOffset}, not at ${at.fetchOffset}`);
  }
  const [first] = batch.messages;
  if (at.mustBeginWith !== null && first !== undefined) {
    checkLastHandled(at, at.mustBeginWith, { offset: BigInt(first.offset), eventId: eventIdOf(first) });
    at.mustBeginWith = null;
  }
  return batch.messages.filter(({ offset }) => BigInt(offset) >= at.nextOffset);
}

/** @throws DependencyUnavailable */
export async function commit(given: EachBatchPayload, at: AssignedPartition, nextOffset: bigint, metadata: string): Promise<void> {
  const { topic, partition } = at;
  const committed = { partition, offset: String(nextOffset), metadata };
  await given.commitOffsetsIfNecessary({ topics: [{ topic, partitions: [committed] }] }).catch((fault: unknown) => {
    throw new DependencyUnavailable('kafka', fault);
  });
}
