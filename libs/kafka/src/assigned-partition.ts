import type { Position } from '@orderstream/messaging';

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
  /** What kafkajs fetches next; behind `nextOffset` while the last applied record is read again. */
  fetchOffset: bigint;
  endOffset: bigint;
  /** The record that the next batch must begin with: the last one that was applied. */
  mustBeginWith: { readonly offset: bigint; readonly eventId: string } | null;
  /** Failures in a row. */
  failures: number;
  /** Why it is held, until it goes on. */
  heldBy: string | null;
  /** Whether it was a batch that failed: then only a batch that succeeds shows that it goes on. */
  heldInBatch: boolean;
  timer: NodeJS.Timeout | undefined;
}

export function newlyAssigned(topic: string, partition: number): AssignedPartition {
  return {
    topic,
    partition,
    reading: false,
    nextOffset: 0n,
    fetchOffset: 0n,
    endOffset: 0n,
    mustBeginWith: null,
    failures: 0,
    heldBy: null,
    heldInBatch: false,
    timer: undefined,
  };
}

/** The topic is not the one that the position was taken from. Nothing passes until a person has looked. */
export class TopicReplaced extends Error {
  override readonly name = 'TopicReplaced';
}

/**
 * Checks that a projector can go on where it was: a topic that lost records or was made anew must
 * not pass for one that has nothing new.
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

/** @throws TopicReplaced when the record where the last applied one was is another. */
export function checkLastApplied(
  { topic, partition }: AssignedPartition,
  applied: { readonly offset: bigint; readonly eventId: string },
  found: { readonly offset: bigint; readonly eventId: string | null },
): void {
  if (found.offset === applied.offset && found.eventId === applied.eventId) return;
  throw new TopicReplaced(
    `partition ${partition} of ${topic} was recreated: event ${applied.eventId} was applied from offset ${applied.offset}, ` +
      `and now there is ${found.eventId ?? 'a record without an id'} at offset ${found.offset}`,
  );
}
