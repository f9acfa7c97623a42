import { StreamContended } from '@orderstream/event-sourcing';
import { fateOf } from '@orderstream/messaging';

/** Answers each item at its place. */
type Work<Item, Answer> = (items: readonly Item[]) => Promise<readonly Answer[]>;

interface Caller<Item, Answer> {
  readonly items: readonly Item[];
  readonly resolve: (answers: readonly Answer[]) => void;
  readonly reject: (fault: unknown) => void;
}

/**
 * Work that many callers ask for and that is cheapest done together: one call runs at a time, and what is asked for
 * meanwhile goes into the next. So calls don't race for the same streams.
 *
 * When a call for several callers fails because of what one of them brought, or of a stream that others write to,
 * it is repeated for each of them alone, so that the fault reaches only the caller who caused it. The work must be
 * idempotent.
 *
 * @param most items of several callers at once; what one caller brings stays together.
 */
export function gathered<Item, Answer>(work: Work<Item, Answer>, most: number = Number.POSITIVE_INFINITY): Work<Item, Answer> {
  let waiting: Caller<Item, Answer>[] = [];
  let isRunning = false;

  const run = async (): Promise<void> => {
    isRunning = true;
    while (waiting.length > 0) {
      const callers = firstOf(waiting, most);
      waiting = waiting.slice(callers.length);
      try {
        const answers = await work(callers.flatMap(({ items }) => items));
        let from = 0;
        for (const { items, resolve } of callers) resolve(answers.slice(from, (from += items.length)));
      } catch (fault) {
        const isOfOne = callers.length > 1 && (fateOf(fault) === 'park' || fault instanceof StreamContended);
        for (const { items, resolve, reject } of callers) {
          if (isOfOne) await work(items).then(resolve, reject);
          else reject(fault);
        }
      }
    }
    isRunning = false;
  };

  return (items) => {
    const { promise, resolve, reject } = Promise.withResolvers<readonly Answer[]>();
    waiting.push({ items, resolve, reject });
    if (!isRunning) void run();
    return promise;
  };
}

/** Gathers by key: a caller is affected only by those who ask under the same key. */
export function gatheredByKey<Item, Answer>(
  work: (key: string, items: readonly Item[]) => Promise<readonly Answer[]>,
  most: number,
): typeof work {
  const queues = new Map<string, { readonly ask: Work<Item, Answer>; callers: number }>();
  return async (key, items) => {
    const queue = queues.get(key) ?? { ask: gathered((all: readonly Item[]) => work(key, all), most), callers: 0 };
    queues.set(key, queue);
    queue.callers += 1;
    try {
      return await queue.ask(items);
    } finally {
      queue.callers -= 1;
      if (queue.callers === 0) queues.delete(key);
    }
  };
}

function firstOf<Item, Answer>(waiting: readonly Caller<Item, Answer>[], most: number): readonly Caller<Item, Answer>[] {
  let count = 0;
  const tooMany = waiting.findIndex(({ items }, nth) => (count += items.length) > most && nth > 0);
  return tooMany === -1 ? waiting : waiting.slice(0, tooMany);
}
