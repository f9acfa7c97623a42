import { invalidArgument } from '../errors.ts';
import type { EventLog } from '../log/event-log.ts';
import { strideBytes } from '../log/record.ts';

/**
 * Nobody can calculate with positions: the real log is read at the byte that they name. What can be read from is
 * the place of an event, also of one that a scavenge took, the beginning, and whatever is beyond the end.
 *
 * @throws RpcFault INVALID_ARGUMENT.
 */
export function requirePlace(log: EventLog, position: bigint): void {
  if (position === 0n || position > log.lastPosition) return;
  const [event] = log.allForwards(position, 1);
  if (event === undefined || event.position === position) return;
  const startsAt = event.position - strideBytes(event.stream, event);
  if (position > startsAt) throw invalidArgument('Trying to read from an invalid position.');
}
