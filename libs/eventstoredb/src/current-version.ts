import type { Contracts } from '@orderstream/contracts';
import { NewerEvent, type StoredEvent } from '@orderstream/event-sourcing';

/**
 * A stored event in the current version of its type; its metadata still says as which version it was written.
 *
 * @throws NewerEvent, and ContractViolation for data that its version does not declare.
 */
export function inCurrentVersion(stored: StoredEvent, known: Contracts): StoredEvent {
  const { type, data } = stored.event;
  const read = known.current(type, stored.metadata?.schemaVersion, data);
  if (read.kind !== 'known') throw new NewerEvent(stored);
  return read.data === data ? stored : { ...stored, event: { type, data: read.data } };
}
