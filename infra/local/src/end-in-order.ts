// Ends processes of stacks in the order that loses nothing.
import path from 'node:path';
import { isServer, root } from './layout.ts';
import { endProcess, isOrphaned, stackProcesses, type StackProcess } from './processes.ts';

const GRACE_MS = 20_000;

/** The processes of a row end together, before the next row: users of a server end before it. */
const order: readonly ((name: string) => boolean)[] = [
  (name) => !isServer(name) && name !== 'payment-provider',
  (name) => name === 'payment-provider',
  (name) => isServer(name) && name !== 'postgres',
  (name) => name === 'postgres',
];

// Postgres: "fast", which ends sessions and checkpoints; on SIGTERM it waits for its clients to leave.
const stopSignal = (name: string): NodeJS.Signals => (name === 'postgres' ? 'SIGINT' : 'SIGTERM');

export async function endInOrder(processes: readonly StackProcess[]): Promise<void> {
  for (const isInRow of order) {
    const row = processes.filter(({ name }) => isInRow(name));
    await Promise.all(row.map(({ pid, name }) => endProcess(pid, stopSignal(name), GRACE_MS)));
  }
}

/** Ends the stack of a data folder, and every one of this clone whose owner is gone. Returns what was ended. */
export async function endLeftovers(dataDir: string): Promise<readonly StackProcess[]> {
  const folder = path.resolve(dataDir);
  const processes = stackProcesses().filter((each) => each.stack === folder || (each.clone === root && isOrphaned(each)));
  await endInOrder(processes);
  return processes;
}
