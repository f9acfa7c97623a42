import { beginningOf, boundedName } from './bounded.ts';
import { ConsumerHeld } from './delivery-policy.ts';
import type { Failure } from './parking.ts';

/** This many streams may be parked with one cause among this many events. One more, and the code is at fault. */
const MOST_STREAMS = 5;
export const AMONG_EVENTS = 100;
/** Twice as many offsets, since a transaction's marker may lie behind each record. */
export const AMONG_OFFSETS = 2 * AMONG_EVENTS;
/** The longest cause that is shown, or compared with others. */
const LONGEST_CAUSE = 300;
/** How much of a cause is looked at, before anything is taken out of it. */
const LONGEST_LOOKED_AT = 1_000;

/**
 * A fault of the code, or of what it runs in, fails on every event that it meets: parking them all would set a
 * whole topic aside. So the streams that were parked with the same cause near each of the new ones are counted.
 *
 * @param known parked before; those of `fresh` among them count once.
 * @param fresh about to be parked.
 * @throws ConsumerHeld when one of them would be one too many: nothing of its batch may be parked then.
 */
export function checkFailures(known: readonly Failure[], fresh: readonly Failure[], among = AMONG_OFFSETS): void {
  const all = [...known, ...fresh].map((failure) => ({ ...failure, kind: kindOf(failure) }));
  for (const last of all.slice(known.length)) {
    const near = all.filter(({ kind, place }) => kind === last.kind && place <= last.place && last.place - place < among);
    if (new Set(near.map(({ stream }) => stream)).size <= MOST_STREAMS) continue;
    const first = near.reduce((one, other) => (other.place < one.place ? other : one));
    throw new ConsumerHeld(
      `more than ${MOST_STREAMS} streams fail with the same cause within ${AMONG_EVENTS} events, so the fault is not theirs: ` +
        `held until another build takes them, or somebody has settled what is parked. First ${boundedName(first.stream)}: ${beginningOf(first.cause, LONGEST_CAUSE)}`,
    );
  }
}

/** A cause without what differs from event to event: its stream, what is quoted, and every word with a digit in it. */
export function kindOf({ stream, cause }: Pick<Failure, 'stream' | 'cause'>): string {
  const own = new Set([stream, stream.slice(stream.indexOf('-') + 1)]);
  return cause
    .slice(0, LONGEST_LOOKED_AT)
    .replace(/"[^"]*("|$)|'[^']*('|$)|`[^`]*(`|$)/g, '#')
    .replace(/[\w@-]+/g, (word) => (own.has(word) || /\d/.test(word) ? '#' : word))
    .slice(0, LONGEST_CAUSE);
}
