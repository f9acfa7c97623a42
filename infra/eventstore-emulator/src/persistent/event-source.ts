import type { EventRecord } from '../log/record.ts';
import { createPageFilter } from '../streams/filter.ts';
import { isHiddenInAll } from '../streams/hidden-streams.ts';
import type { StreamReader } from '../streams/stream-reader.ts';
import { ALL, type GroupDefinition } from './definition.ts';

/** What a group reads: a stream by revision, or $all by position. */
export interface EventSource {
  placeOf(event: EventRecord): bigint;
  /** A page of events at or after a place, in order. `isLive`: whatever is there, also what metadata hide by now. */
  read(from: bigint, limit: number, isLive: boolean): EventRecord[];
  /** Where to go on when there was nothing more. */
  afterEnd(from: bigint): bigint;
  /** For each event of a page; undefined for those that are none of the group's business, not even as something skipped. @throws PatternTooSlow. */
  select(page: readonly EventRecord[]): readonly (boolean | undefined)[];
  /** It can't be read any more, ever. */
  isGone(): boolean;
}

/** @throws SyntaxError when the filter is none. */
export function sourceOf({ stream, filter }: Pick<GroupDefinition, 'stream' | 'filter'>, streams: StreamReader): EventSource {
  if (stream !== ALL) return streamSource(stream, streams);
  const matches = filter === null ? (page: readonly EventRecord[]) => page.map(() => true) : createPageFilter(filter);
  return {
    placeOf: ({ position }) => position,
    read: (from, limit) => (from > streams.log.lastPosition ? [] : streams.log.allForwards(from, limit)),
    afterEnd: (from) => larger(from, streams.log.lastPosition + 1n),
    // Checkpoints of groups of $all would otherwise be new events for them, for ever.
    select: (page) => {
      const isWanted = matches(page);
      return page.map(({ stream }, index) => (isHiddenInAll(stream) ? undefined : isWanted[index]));
    },
    isGone: () => false,
  };
}

function streamSource(stream: string, streams: StreamReader): EventSource {
  return {
    placeOf: ({ revision }) => revision,
    read: (from, limit, isLive) => {
      if (isLive) return streams.log.streamForwards(stream, from, limit);
      return streams.status(stream) === 'readable' ? streams.forwards(stream, from, limit) : [];
    },
    afterEnd: (from) => larger(from, streams.log.lastRevision(stream) + 1n),
    select: (page) => page.map(() => true),
    isGone: () => streams.status(stream) === 'deleted',
  };
}

function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
