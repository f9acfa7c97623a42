import type { Position, Progress } from '@orderstream/messaging';
import type { Kafka } from 'kafkajs';
import { askKafka } from './topics.ts';

type LastRecord = NonNullable<Position['last']>;

/**
 * The progress of reactions: the offsets that their group commits, after the effect. The last event reacted to is
 * kept beside the offset, so that a partition that lost its end and has grown again is noticed. There is nothing
 * beside an offset that was set by hand, nor when there is none, as after a reset or a week without a member.
 *
 * Kafka forgets a topic's offsets together with the topic, so this process also remembers how far it was. The
 * further of the two counts: offsets can be set by hand only while a group has no member.
 */
export class CommittedOffsets implements Progress {
  readonly #kafka: Kafka;
  readonly #known = new Map<string, Position>();

  constructor(kafka: Kafka) {
    this.#kafka = kafka;
  }

  async load(group: string, topic: string, partitions: readonly number[]): Promise<Position[]> {
    const [found] = await askKafka(this.#kafka, (admin) => admin.fetchOffsets({ groupId: group, topics: [topic] }));
    return partitions.flatMap((partition): Position[] => {
      const known = this.#known.get(keyOf(topic, partition));
      const { offset, metadata } = found?.partitions.find((each) => each.partition === partition) ?? { offset: '-1', metadata: null };
      const nextOffset = BigInt(offset);
      if (known !== undefined && known.nextOffset > nextOffset) return [known];
      return nextOffset < 0n ? [] : [{ partition, nextOffset, last: lastIn(metadata) }];
    });
  }

  async handled(topic: string, position: Position, commit: (beside: string) => Promise<void>): Promise<void> {
    await commit(besideOffset(position.last));
    this.#known.set(keyOf(topic, position.partition), position);
  }
}

function keyOf(topic: string, partition: number): string {
  return `${topic} ${partition}`;
}

function besideOffset(last: LastRecord | null): string {
  return last === null ? '' : `${last.offset} ${last.eventId}`;
}

function lastIn(metadata: string | null): LastRecord | null {
  const [, offset, eventId] = /^(\d+) ([0-9a-f-]{36})$/.exec(metadata ?? '') ?? [];
  return offset === undefined || eventId === undefined ? null : { offset: BigInt(offset), eventId };
}
