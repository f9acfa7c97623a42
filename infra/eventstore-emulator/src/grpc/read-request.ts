import { badPattern, invalidArgument, unexpectedRequest } from '../errors.ts';
import { TOMBSTONE_REVISION } from '../log/record.ts';
import type { FilterOptions, ReadOptions } from '../protocol/messages.ts';
import { streamNameOf } from '../protocol/values.ts';
import { type PageFilter, createPageFilter } from '../streams/filter.ts';
import { positionNumber, revisionNumber } from './numbers.ts';

export type Bound = bigint | 'start' | 'end';

interface Filtered {
  /** Which events of a page are wanted. */
  readonly select: PageFilter;
  /** A subscription is told how far it is whenever so many events were looked at. */
  readonly checkpointIntervalEvents: number;
}

interface Common {
  readonly resolveLinks: boolean;
  /** How ids are sent: as text, or as two numbers. */
  readonly idsAsText: boolean;
  readonly from: Bound;
}

export type ReadRequest = Common &
  (
    | {
        readonly kind: 'read-stream';
        readonly stream: string;
        readonly backwards: boolean;
        readonly count: bigint;
        readonly sendBounds: boolean;
      }
    | { readonly kind: 'read-all'; readonly backwards: boolean; readonly count: bigint; readonly filter: Filtered | null }
    | { readonly kind: 'subscribe-to-stream'; readonly stream: string }
    | { readonly kind: 'subscribe-to-all'; readonly filter: Filtered | null }
  );

const DEFAULT_WINDOW_EVENTS = 32;

/** @throws RpcFault INVALID_ARGUMENT for what the real server looks for, UNKNOWN for what takes it by surprise. */
export function readRequestOf(options: ReadOptions | undefined): ReadRequest {
  if (options === undefined) throw unexpectedRequest();
  const { uuidOption, readDirection = 0, count } = options;
  if (uuidOption === undefined) throw invalidArgument('The form of UUIDs is missing.');
  requirePossible(options);
  const common = { resolveLinks: options.resolveLinks ?? false, idsAsText: uuidOption.string !== undefined };
  const backwards = readDirection === 1;
  if (options.stream === undefined) {
    const from = positionBound(options.all!);
    const filter = options.filter === undefined ? null : filteredOf(options.filter, count === undefined);
    if (count === undefined) return { ...common, kind: 'subscribe-to-all', from, filter };
    return { ...common, kind: 'read-all', from, filter, backwards, count };
  }
  const stream = streamNameOf(options.stream.streamIdentifier);
  if (stream === '') throw unexpectedRequest();
  const from = revisionBound(options.stream);
  if (count === undefined) return { ...common, kind: 'subscribe-to-stream', stream, from };
  const sendBounds = (options.controlOption?.compatibility ?? 0) >= 1;
  return { ...common, kind: 'read-stream', stream, from, backwards, count, sendBounds };
}

function requirePossible({ stream, all, count, subscription, filter, noFilter, readDirection = 0 }: ReadOptions): void {
  const source = stream !== undefined ? 'Stream' : all !== undefined ? 'All' : 'None';
  const amount = count !== undefined ? 'Count' : subscription !== undefined ? 'Subscription' : 'None';
  const direction = ['Forwards', 'Backwards'][readDirection] ?? String(readDirection);
  const filtering = filter !== undefined ? 'Filter' : noFilter !== undefined ? 'NoFilter' : 'None';
  const isPossible =
    source !== 'None' &&
    filtering !== 'None' &&
    (source === 'All' || filtering === 'NoFilter') &&
    (amount === 'Count' ? readDirection <= 1 : amount === 'Subscription' && readDirection === 0);
  if (!isPossible) throw invalidArgument(`The combination of (${source}, ${amount}, ${direction}, ${filtering}) is invalid.`);
}

function revisionBound({ revision, start, end }: NonNullable<ReadOptions['stream']>): Bound {
  if (revision !== undefined) return orEnd(revisionNumber(revision));
  if (start !== undefined) return 'start';
  if (end !== undefined) return 'end';
  throw unexpectedRequest();
}

function positionBound({ position, start, end }: NonNullable<ReadOptions['all']>): Bound {
  if (position !== undefined) return orEnd(positionNumber(position));
  if (start !== undefined) return 'start';
  if (end !== undefined) return 'end';
  throw unexpectedRequest();
}

function orEnd(number: bigint): Bound {
  return number < 0n ? 'end' : number;
}

function filteredOf(options: FilterOptions, isSubscription: boolean): Filtered {
  const expression = options.streamIdentifier ?? options.eventType;
  if (expression === undefined) throw invalidArgument('The filter says neither streams nor types.');
  if (options.max === undefined && options.count === undefined) throw invalidArgument('The search window of the filter is missing.');
  const windowEvents = options.max ?? DEFAULT_WINDOW_EVENTS;
  const multiplier = options.checkpointIntervalMultiplier ?? 0;
  if (windowEvents === 0) throw invalidArgument('The search window of the filter must be greater than 0.');
  if (isSubscription && multiplier === 0) throw unexpectedRequest();
  const on = options.streamIdentifier === undefined ? 'type' : 'stream';
  try {
    const select = createPageFilter({ on, regex: expression.regex ?? '', prefixes: expression.prefix });
    return { select, checkpointIntervalEvents: windowEvents * multiplier };
  } catch {
    throw badPattern(expression.regex);
  }
}

/** Where a backwards read starts that starts at the end. */
export const END = TOMBSTONE_REVISION;
