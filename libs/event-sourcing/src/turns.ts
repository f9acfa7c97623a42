import { type EventStore, StoreUnavailable, StreamContended } from './event-store.ts';

/** Any more are refused at once: they would wait in vain. */
const MOST_WAITING = 256;
const TURN_WITHIN_MS = 10_000;

/** Writers that wait for their turn at a stream; a stream without an entry is free. */
type Queues = Map<string, PromiseWithResolvers<void>[]>;

const queuesOf = new WeakMap<EventStore, Queues>();

/**
 * Runs the work on a stream one after the other within this process: side by side at the same revision all but one
 * lose the race, and of a hundred the last would lose all its attempts. Other processes are still raced.
 *
 * When the store is away, all that wait are told at once, so that they don't find out one after the other.
 *
 * @throws StreamContended when too many wait already, or for too long.
 */
export async function inTurn<Result>(store: EventStore, stream: string, work: () => Promise<Result>): Promise<Result> {
  const queues = queuesOf.get(store) ?? new Map<string, PromiseWithResolvers<void>[]>();
  queuesOf.set(store, queues);
  const queue = queues.get(stream);
  if (queue === undefined) queues.set(stream, []);
  else await turnIn(queue, stream);
  try {
    const result = await work();
    goOn(queues, stream);
    return result;
  } catch (fault) {
    if (fault instanceof StoreUnavailable) giveUp(queues, stream, fault);
    else goOn(queues, stream);
    throw fault;
  }
}

async function turnIn(queue: PromiseWithResolvers<void>[], stream: string): Promise<void> {
  if (queue.length >= MOST_WAITING) throw new StreamContended(stream, `${MOST_WAITING} writers wait already`);
  const turn = Promise.withResolvers<void>();
  queue.push(turn);
  const late = setTimeout(() => {
    queue.splice(queue.indexOf(turn), 1);
    turn.reject(new StreamContended(stream, `its turn did not come within ${TURN_WITHIN_MS} ms`));
  }, TURN_WITHIN_MS);
  await turn.promise.finally(() => clearTimeout(late));
}

function goOn(queues: Queues, stream: string): void {
  const next = queues.get(stream)?.shift();
  if (next === undefined) queues.delete(stream);
  else next.resolve();
}

function giveUp(queues: Queues, stream: string, fault: StoreUnavailable): void {
  const queue = queues.get(stream) ?? [];
  queues.delete(stream);
  for (const { reject } of queue) reject(fault);
}
