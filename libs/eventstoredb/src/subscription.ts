import { type StoredEvent, StoreUnavailable } from '@orderstream/event-sourcing';
import type { Connection } from './connection.ts';
import { subscriptionRequest } from './requests.ts';
import { positionOf, toStoredEvent } from './stored-event.ts';

export interface SubscriptionOptions {
  /** The last position that the caller has: the first event is the one behind it. */
  readonly from: bigint | 'start';
  /** Only streams named `{category}-…` of these; the server filters. */
  readonly categories: readonly string[];
  readonly signal: AbortSignal;
}

/**
 * `checkpoint`: everything up to this position has been delivered or does not match.
 * `caught-up`: everything that was in the log has been delivered; what follows is new.
 */
export type Delivery =
  | { readonly kind: 'event'; readonly position: bigint; readonly stored: StoredEvent }
  | { readonly kind: 'checkpoint'; readonly position: bigint }
  | { readonly kind: 'caught-up' };

/** A subscription is confirmed at once; then it is silent until something happens, and the channel's keep-alive tells a dead one. */
const CONFIRMED_WITHIN_MS = 10_000;

/** See EventStoreDb.subscribeToAll. */
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
