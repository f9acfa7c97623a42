import { type Delivery, type EventLog, StoreUnavailable, type SubscriptionOptions } from '@orderstream/event-sourcing';
import type { Network } from './network.ts';

/** The log as a process reaches it: each delivery and each answer takes its turn, or breaks off. */
export function remote(log: EventLog, network: Network): EventLog {
  const ask = async <T>(work: () => T | Promise<T>): Promise<T> => {
    try {
      return await network.ask(work);
    } catch (fault) {
      throw new StoreUnavailable('simulated', { cause: fault });
    }
  };
  return {
    async *subscribeToAll(options: SubscriptionOptions): AsyncGenerator<Delivery> {
      await ask(() => {});
      for await (const delivery of log.subscribeToAll(options)) {
        await ask(() => {});
        if (options.signal.aborted) return;
        yield delivery;
      }
    },
    lastPosition: (categories) => ask(() => log.lastPosition(categories)),
    idAt: (stream, revision) => ask(() => log.idAt(stream, revision)),
  };
}
