// A worker that notes where it has been, and can die there.
import type { AttemptsWorld, Surroundings } from './attempts-world.ts';

export interface Journey {
  readonly surroundings: Pick<Surroundings, 'store' | 'gateway' | 'table'>;
  /** Where the worker has been, in order. */
  readonly passed: readonly string[];
  /** Whether it has come to where it stands still, like a dead one. */
  isDead(): boolean;
  wakeUp(): void;
}

/** Notes every place before and after something that lasts; where it dies it stands still, and never claims anything again. */
export function recordingJourney(world: AttemptsWorld, diesAt: (place: string, index: number) => boolean = () => false): Journey {
  const passed: string[] = [];
  const sleep = Promise.withResolvers<void>();
  let isDead = false;
  const pass = async (place: string): Promise<void> => {
    passed.push(place);
    if (isDead || !diesAt(place, passed.length - 1)) return;
    isDead = true;
    await sleep.promise;
  };
  const around =
    <Args extends unknown[], Result>(place: string, call: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      await pass(`before ${place}`);
      const result = await call(...args);
      await pass(`after ${place}`);
      return result;
    };
  const { store, gateway } = world;
  const table = world.newTable();
  const claim = table.claim.bind(table);
  table.claim = async (...args) => {
    const claimed = isDead ? [] : await claim(...args);
    if (claimed.length > 0) await pass('after claim');
    return claimed;
  };
  table.finish = around('finish', table.finish.bind(table));
  return {
    passed,
    isDead: () => isDead,
    wakeUp: sleep.resolve,
    surroundings: {
      table,
      store: { read: store.read.bind(store), append: around('append', store.append.bind(store)) },
      gateway: {
        find: around('find', gateway.find.bind(gateway)),
        authorise: around('authorise', gateway.authorise.bind(gateway)),
        capture: around('capture', gateway.capture.bind(gateway)),
        void: around('void', gateway.void.bind(gateway)),
        refund: around('refund', gateway.refund.bind(gateway)),
      },
    },
  };
}
