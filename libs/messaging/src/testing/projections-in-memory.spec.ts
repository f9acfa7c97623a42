import { projectionStoreContract } from './projection-store-contract.ts';
import { ProjectionsInMemory } from './projections-in-memory.ts';

projectionStoreContract('Projections in memory', () => {
  const projections = new ProjectionsInMemory<number>();
  return {
    store: projections.connect().store,
    add: (rows, key, amount) => rows.write([{ key, change: (before = 0) => before + amount }]),
    amountOf: async (key) => projections.rows.get(key) ?? null,
  };
});
