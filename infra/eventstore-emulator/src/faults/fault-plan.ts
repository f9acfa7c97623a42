import { setTimeout } from 'node:timers/promises';
import { consumerTooSlow, notLeader, storageFault } from '../errors.ts';
import type { RpcFault } from '../errors.ts';
import { type AppendFault, FaultRefused, type FaultRequest } from './fault-request.ts';

const MOST_PLANNED = 100;

/** What can be broken at once. */
export interface Breakable {
  dropConnections(): void;
  endSubscriptions(fault: RpcFault): void;
}

/** Faults that were asked for and have not happened yet. Each happens once. */
export class FaultPlan {
  #planned: AppendFault[] = [];

  get planned(): readonly FaultRequest[] {
    return this.#planned;
  }

  /** @throws FaultRefused when there are too many. */
  add(request: FaultRequest, breakable: Breakable): void {
    if (request.fault === 'drop-connections') breakable.dropConnections();
    else if (request.fault === 'drop-subscriptions') breakable.endSubscriptions(consumerTooSlow());
    else if (this.#planned.length >= MOST_PLANNED) throw new FaultRefused(`There are ${MOST_PLANNED} faults already`);
    else this.#planned.push(request);
  }

  clear(): void {
    this.#planned = [];
  }

  /** The same append or deletion, with what was planned for it. */
  around<Args extends unknown[], Outcome>(
    append: (...args: Args) => Promise<Outcome>,
    breakable: () => Breakable,
  ): (...args: Args) => Promise<Outcome> {
    return async (...args) => {
      const due = this.#due();
      if (due.length === 0) return append(...args);
      for (const fault of due) if (fault.fault === 'not-leader' || fault.when === 'before-stored') await happen(fault, breakable());
      const outcome = await append(...args);
      for (const fault of due) if (fault.fault === 'append' && fault.when === 'after-stored') await happen(fault, breakable());
      return outcome;
    };
  }

  #due(): readonly AppendFault[] {
    if (this.#planned.length === 0) return [];
    const closer = this.#planned.map((fault) => ({ ...fault, nth: fault.nth - 1 }));
    this.#planned = closer.filter(({ nth }) => nth > 0);
    return closer.filter(({ nth }) => nth === 0);
  }
}

/** @throws RpcFault, unless it is only a delay. */
async function happen(fault: AppendFault, breakable: Breakable): Promise<void> {
  if (fault.fault === 'not-leader') throw notLeader(fault.host, fault.port);
  if (fault.effect === 'delay') {
    await setTimeout(fault.delayMs);
    return;
  }
  if (fault.effect === 'drop-connections') breakable.dropConnections();
  throw storageFault();
}
