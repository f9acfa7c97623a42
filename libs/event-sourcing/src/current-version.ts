import { NewerEvent, type StoredEvent } from './event-store.ts';

/** The events that one build knows. */
export interface KnownEvents {
  /** @throws for a type that it does not know, and for data that is not what its current version declares. */
  check(type: string, data: object): void;
  /** Data that was stored as some version of a type, as the current one; any other kind when the build lacks it. */
  current(
    type: string,
    version: number,
    data: object,
  ): { readonly kind: 'known'; readonly data: object } | { readonly kind: 'newer' | 'unknown' };
}

/**
 * A stored event in the current version of its type; its metadata still says as which version it was written.
 *
 * @throws NewerEvent, and what `known` throws for data that its version does not declare.
 */
export function inCurrentVersion(stored: StoredEvent, known: KnownEvents): StoredEvent {
  const { type, data } = stored.event;
  const read = known.current(type, stored.metadata?.schemaVersion, data);
  if (read.kind !== 'known') throw new NewerEvent(stored);
  return read.data === data ? stored : { ...stored, event: { type, data: read.data } };
}
