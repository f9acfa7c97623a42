import { type Category, streams, topics } from '@orderstream/contracts';

/**
 * What one relay carries, and where its state is kept. All relays of a shard have the same
 * transactional id, so that only the newest of them can write; no topic belongs to two shards.
 */
export interface Shard {
  /** The key of its checkpoint. */
  readonly name: string;
  readonly transactionalId: string;
  /** Compacted topics with one partition for each shard: of its checkpoints, and of the events that it parked. */
  readonly stateTopic: string;
  readonly parkedTopic: string;
  readonly statePartition: number;
  /** Which topic carries the streams of a category; other streams of the log are left out. */
  readonly routes: Readonly<Partial<Record<Category, string>>>;
  /** How many partitions each of these topics must have. */
  readonly partitions: Readonly<Record<string, number>>;
}

/** All topics that a shard writes to. */
export function topicsOf({ partitions, stateTopic, parkedTopic }: Shard): string[] {
  return [...Object.keys(partitions), stateTopic, parkedTopic];
}

/** Everything that the contracts declare, in one shard. */
export const everything: Shard = {
  name: 'everything',
  transactionalId: 'relay-everything',
  stateTopic: 'relay-checkpoint',
  parkedTopic: 'relay-parked',
  statePartition: 0,
  routes: Object.fromEntries(Object.entries(streams).map(([category, { topic }]) => [category, topic])),
  partitions: Object.fromEntries(Object.entries(topics).map(([topic, { partitions }]) => [topic, partitions])),
};
