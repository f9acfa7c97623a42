import { Projector } from './projector.ts';
import { delivered } from './testing/batches.ts';
import { progressContract } from './testing/progress-contract.ts';
import { ProjectionsInMemory } from './testing/projections-in-memory.ts';

progressContract('A projector', () => {
  const projections = new ProjectionsInMemory<never>();
  return {
    topic: 'orders',
    start: () => new Projector(projections.connect().store, { group: 'none', models: [] }),
    async handle(progress, group, { partition, nextOffset, last }) {
      const { offset, eventId: id } = last!;
      const decoded = delivered({ type: 'Counted', data: {} }, { id });
      const records = [{ stream: decoded.stream, offset, value: null, headers: {}, decoded }];
      await (progress as Projector<unknown>).project(
        { group, topic: 'orders', partition, records, fromOffset: 0n, nextOffset },
        async () => {},
      );
    },
  };
});
