import type { FilterExpression } from '../streams/filter.ts';

export const ALL = '$all';

/** Instead of a place to start from: only what is committed from now on. */
export const LIVE = -1n;

export interface GroupSettings {
  readonly resolveLinks: boolean;
  readonly extraStatistics: boolean;
  /** The first place, inclusive: a revision of the stream, a position of $all, or LIVE. */
  readonly startFrom: bigint;
  readonly messageTimeoutMs: number;
  readonly maxRetryCount: number;
  /** 0: never by time alone. */
  readonly checkpointAfterMs: number;
  readonly minCheckpointCount: number;
  readonly maxCheckpointCount: number;
  /** 0: as many as want to. */
  readonly maxSubscriberCount: number;
  readonly liveBufferSize: number;
  readonly readBatchSize: number;
  readonly historyBufferSize: number;
  readonly strategy: string;
}

/** A group as somebody created or updated it. */
export interface GroupDefinition {
  /** Or $all. */
  readonly stream: string;
  readonly group: string;
  /** Only for $all. */
  readonly filter: FilterExpression | null;
  readonly settings: GroupSettings;
}

/** What clients and system streams know a group by. */
export function keyOf({ stream, group }: Pick<GroupDefinition, 'stream' | 'group'>): string {
  return `${stream}::${group}`;
}

/** A place as the real server writes it down. */
export function placeText(stream: string, place: bigint): string {
  return stream === ALL ? `C:${place}/P:${place}` : String(place);
}

/** undefined when it is none. */
export function parsePlace(text: string): bigint | undefined {
  const [, commit, revision] = /^(?:C:(-?\d{1,19})\/P:-?\d{1,19}|(-?\d{1,19}))$/.exec(text) ?? [];
  const digits = commit ?? revision;
  return digits === undefined ? undefined : BigInt(digits);
}

export const STRATEGIES = ['DispatchToSingle', 'RoundRobin', 'Pinned', 'PinnedByCorrelation'] as const;
export type StrategyName = (typeof STRATEGIES)[number];

export function isStrategy(name: string): name is StrategyName {
  return (STRATEGIES as readonly string[]).includes(name);
}

/** Why the real server can't serve such a group, in its words; null when it can. */
export function refusalOf({ stream, settings }: GroupDefinition, lastPosition: bigint): string | null {
  const { startFrom, strategy, readBatchSize, historyBufferSize } = settings;
  if (stream === '') return 'Bad stream name.';
  if (!isStrategy(strategy)) return `Consumer strategy ${strategy} does not exist.`;
  if (stream !== ALL && startFrom < LIVE) {
    return 'Invalid Start From position: event number must be greater than or equal to -1.';
  }
  if (stream === ALL && startFrom > lastPosition) {
    return 'Invalid Start From position: commit position must be less than or equal to the last commit position in the transaction file.';
  }
  if (stream === ALL && startFrom < LIVE) {
    return 'Invalid Start From position: prepare and commit positions must be greater than or equal to 0 or both equal to -1.';
  }
  if (readBatchSize >= historyBufferSize) {
    return "Specified argument was out of the range of valid values. (Parameter 'ReadBatchSize may not be greater than or equal to BufferSize')";
  }
  return null;
}
