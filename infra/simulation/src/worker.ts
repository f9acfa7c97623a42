import type { ProcessTable, Work } from '@orderstream/messaging';
import { ProcessWorker, type ProcessWorkerOptions } from '@orderstream/service';
import type { SimulatedProcessTable } from './process-tables.ts';
import { Life, type Turns } from './turns.ts';

export interface WorkerSpec<Of extends Work> {
  readonly name: string;
  readonly table: SimulatedProcessTable<Of>;
  readonly carryOut: (life: Life) => ProcessWorkerOptions<Of>['carryOut'];
  /** Whether what may overtake a deadline has been heard. */
  readonly hasCaughtUp: () => boolean;
}

/** What the world sees of a process table and its worker. */
export interface SimulatedWorker {
  readonly name: string;
  nextAttemptMs(): number | null;
  open(): string[];
  wake(): void;
  replace(how: { readonly leavesZombie: boolean }): void;
  endZombies(): void;
}

/** The services' own worker, on a table and streams that are simulated, woken by the world instead of by a timer. */
export function simulatedWorker<Of extends Work>(turns: Turns, { name, table, carryOut, hasCaughtUp }: WorkerSpec<Of>): SimulatedWorker {
  const begin = (life: Life): ProcessWorker<Of> => {
    const own: ProcessTable<Of> = table.for(life);
    return new ProcessWorker({ name, subject: 'order', table: own, carryOut: carryOut(life), actsOnOverdue: hasCaughtUp });
  };
  const zombies: Life[] = [];
  let life = new Life();
  let worker = begin(life);
  return {
    name,
    nextAttemptMs: () => table.nextAttemptMs(),
    open: () => table.open(),
    wake: () => worker.wake(),
    replace({ leavesZombie }) {
      if (leavesZombie) zombies.push(life);
      else turns.end(life);
      life = new Life();
      worker = begin(life);
    },
    endZombies() {
      for (const zombie of zombies.splice(0)) turns.end(zombie);
    },
  };
}
