import { setImmediate as nextTurn } from 'node:timers/promises';
import { brokersContract } from '../testing/brokers-contract.ts';
import { clientOf } from './client.ts';
import { KafkaCluster } from './cluster.ts';

brokersContract('Brokers in memory', async () => {
  const kafka = new KafkaCluster({ brokers: 2, topics: { events: 1 }, later: setImmediate, fetched: () => 1 });
  const ask = async <T>(work: () => T | Promise<T>): Promise<T> => {
    await nextTurn();
    return await work();
  };
  return { kafka: clientOf(kafka, { ask }), newTopic: async () => 'events' };
});
