import type { Readable } from 'node:stream';
import { type EventStoreDBClient, START, streamNameFilter } from '@eventstore/db-client';
import { type StoredEvent, StoreUnavailable } from '@orderstream/event-sourcing';
import { faultOf } from './faults.ts';
import { type RecordedEvent, toStoredEvent } from './stored-event.ts';

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

/** Events that may wait for the reader, beside what fits into HTTP/2's window. */
const BUFFERED = 512;
/** A checkpoint after this many times 32 events that the server looked at. */
const CHECKPOINT_INTERVAL = 32;

/** What the client gives; the event is absent for a link whose target is gone. */
interface Resolved {
  readonly event?: RecordedEvent & { readonly position: { readonly commit: bigint } };
}

/** See EventStoreDb.subscribeToAll. */
export async function* subscribe(client: EventStoreDBClient, options: SubscriptionOptions): AsyncGenerator<Delivery> {
  const { from, categories, signal } = options;
  if (signal.aborted) return;
  const subscription = client.subscribeToAll(
    {
      fromPosition: from === 'start' ? START : { commit: from, prepare: from },
      filter: streamNameFilter({
        prefixes: categories.map((category) => `${category}-`),
        checkpointInterval: CHECKPOINT_INTERVAL,
        checkpointReached: (_, { commit }) => enqueue({ kind: 'checkpoint', position: commit }),
      }),
    },
    { highWaterMark: BUFFERED },
  );
  // The client tells of these two by callback, ahead of events that still wait in its buffer. Put into
  // that buffer, they come to the reader in their place.
  const enqueue = (delivery: Delivery): void => void (subscription as unknown as Readable).push(delivery);
  const stop = (): void => void subscription.destroy();
  subscription.on('caughtUp', () => enqueue({ kind: 'caught-up' }));
  subscription.on('error', () => {});
  signal.addEventListener('abort', stop);
  try {
    for await (const delivered of subscription as unknown as AsyncIterable<Delivery | Resolved>) {
      if ('kind' in delivered) yield delivered;
      else if (delivered.event !== undefined) yield toDelivery(delivered.event);
    }
  } catch (error) {
    if (!isAborted(signal)) throw faultOf(error);
  } finally {
    signal.removeEventListener('abort', stop);
    await subscription.unsubscribe().catch(() => {});
  }
  if (!isAborted(signal)) throw new StoreUnavailable('eventstore ended the subscription');
}

function toDelivery(event: NonNullable<Resolved['event']>): Delivery {
  return { kind: 'event', position: event.position.commit, stored: toStoredEvent(event) };
}

/** Asked anew each time: it changes while the reader waits. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
