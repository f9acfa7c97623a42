import type { Shard } from '@orderstream/relay/shard';

/** Fewer partitions than the platform has, so that much happens on each. */
export const shard: Shard = {
  name: 'simulated',
  transactionalId: 'relay-simulated',
  stateTopic: 'simulated-checkpoint',
  parkedTopic: 'simulated-parked',
  statePartition: 0,
  routes: { product: 'simulated-catalog', stock: 'simulated-inventory' },
  partitions: { 'simulated-catalog': 2, 'simulated-inventory': 2 },
};

export const eventTopics = Object.keys(shard.partitions);
export const REACTIONS = 'simulated-reactions';
export const READ_MODELS = 'simulated-read-models';
