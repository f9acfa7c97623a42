import { type TeaWork, processTableContract } from '@orderstream/messaging/testing';
import { SimulatedProcessTable } from './process-tables.ts';
import { Life } from './turns.ts';

processTableContract('a simulated process table', () => {
  let nowMs = 0;
  const table = new SimulatedProcessTable<TeaWork>({ take: () => Promise.resolve() }, () => nowMs);
  return {
    table: table.for(new Life()),
    add: (tasks) => table.add(tasks),
    close: (tasks) => table.close(tasks),
    letPass: (ms) => void (nowMs += ms),
  };
});
