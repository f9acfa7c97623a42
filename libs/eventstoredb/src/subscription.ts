import { type Delivery, StoreUnavailable, type SubscriptionOptions } from '@orderstream/event-sourcing';
import type { Connection } from './connection.ts';
import { subscriptionRequest } from './requests.ts';
import { positionOf, toStoredEvent } from './stored-event.ts';

/** A subscription is confirmed at once; then it is silent until something happens, and the channel's keep-alive tells a dead one. */
const CONFIRMED_WITHIN_MS = 10_000;

/** See EventLog.subscribeToAll. */
export async function* subscribe(connection: Connection, { from, categories, signal }: SubscriptionOptions): AsyncGenerator<Delivery> {
  const limits = { withinMs: CONFIRMED_WITHIN_MS, isEndless: true, signal };
  try {
    for await (const message of connection.read(subscriptionRequest(from, categories), limits)) {
      if (isAborted(signal)) return;
      const checkpoint = message.getCheckpoint();
      // Absent for a link whose target is gone.
      const recorded = message.getEvent()?.getEvent();
      if (recorded !== undefined) yield { kind: 'event', position: positionOf(recorded), stored: toStoredEvent(recorded) };
      else if (checkpoint !== undefined) yield { kind: 'checkpoint', position: BigInt(checkpoint.getCommitPosition()) };
      else if (message.hasCaughtUp()) yield { kind: 'caught-up' };
    }
  } catch (error) {
    if (!isAborted(signal)) throw error;
  }
  if (!isAborted(signal)) throw new StoreUnavailable('eventstore ended the subscription');
}

/** Asked anew each time: it changes while the reader waits. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
