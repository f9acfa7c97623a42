import type { StoredEvent } from './event-store.ts';

export interface SubscriptionOptions {
  /** The last position that the caller has: the first event is the one behind it. */
  readonly from: bigint | 'start';
  /** Only streams named `{category}-…` of these; the log filters. */
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

/**
 * The port to the log as a whole, over all streams. Positions grow from event to event, and not by one.
 *
 * @throws StoreUnavailable when it does not answer.
 */
export interface EventLog {
  /**
   * Every event of these categories after a position, over all streams, in the order of the log; then those that
   * are appended from now on. Goes no faster than its reader.
   *
   * Ends when the signal is aborted. @throws StoreUnavailable when the subscription is dropped:
   * it does not subscribe again by itself, because only the caller knows how far it is.
   */
  subscribeToAll(options: SubscriptionOptions): AsyncIterable<Delivery>;
  /** The position of the last event of these categories; null when there is none. */
  lastPosition(categories: readonly string[]): Promise<bigint | null>;
  /** The id of the event that a stream has at a revision, whoever may know it; null when there is none. */
  idAt(stream: string, revision: number): Promise<string | null>;
}
