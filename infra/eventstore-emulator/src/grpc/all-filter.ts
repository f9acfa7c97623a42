import { invalidArgument } from '../errors.ts';
import type { EventRecord } from '../log/record.ts';
import { type PageFilter, PatternTooSlow } from '../streams/filter.ts';
import { isHiddenInAll } from '../streams/hidden-streams.ts';

/** The events of a page of $all that a reader gets. @throws RpcFault INVALID_ARGUMENT when its filter can't be evaluated in time. */
export function wantedOf(page: readonly EventRecord[], filter: { readonly select: PageFilter } | null): EventRecord[] {
  const shown = page.filter(({ stream }) => !isHiddenInAll(stream));
  if (filter === null) return shown;
  try {
    const isWanted = filter.select(shown);
    return shown.filter((_, index) => isWanted[index]);
  } catch (cause) {
    throw cause instanceof PatternTooSlow ? invalidArgument(`The filter can't be evaluated: ${cause.message}`) : cause;
  }
}
