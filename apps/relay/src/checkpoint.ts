import type { PartitionEnds } from '@orderstream/kafka';
import type { Failure } from '@orderstream/messaging';
import type { Shard } from './shard.ts';

export interface EventIdentity {
  readonly stream: string;
  readonly revision: number;
  readonly id: string;
}

/** How far a shard is, and of what: a position means nothing under another filter. */
export interface Checkpoint {
  /** The last position of the log that is on its topic or does not belong there; null before the first. */
  readonly position: bigint | null;
  /** The last event of the log that was published or parked, to notice a different log or one that was restored to an earlier state. */
  readonly last: EventIdentity | null;
  readonly routes: Readonly<Record<string, string>>;
  readonly partitions: Readonly<Record<string, number>>;
  /** What was parked on its own account among the last events, the last of which is at place 0. */
  readonly failures: readonly Failure[];
  /** Where the topics ended before the transaction of this checkpoint, to notice that one lost records. */
  readonly ends: PartitionEnds;
  /** Whether parked events have a topic of their own; if not, they lie among the checkpoints, as they used to. */
  readonly parkedApart: boolean;
}

/** The relay must not start like this, and waiting would not help. */
export class StartRefused extends Error {
  override readonly name = 'StartRefused';
}

export function checkpointAt(
  position: bigint | null,
  last: EventIdentity | null,
  { routes, partitions }: Shard,
  { ends, failures }: Pick<Checkpoint, 'ends' | 'failures'>,
): Checkpoint {
  return { position, last, routes, partitions, failures, ends, parkedApart: true };
}

/** `last` is called `lastEvent`, so that a relay that knows nothing of parked events apart refuses to start instead of letting others overtake them. */
export function toJson({ position, last, routes, partitions, failures, ends }: Checkpoint): string {
  return JSON.stringify({ position: position === null ? null : String(position), lastEvent: last, routes, partitions, failures, ends });
}

/** As this relay writes it, or as an older one did, with `last` and without ends. */
type Stored = Pick<Checkpoint, 'last' | 'routes' | 'partitions'> & {
  readonly position: string | null;
  readonly lastEvent?: EventIdentity | null;
  readonly failures?: readonly Failure[];
  readonly ends?: PartitionEnds;
};

/** @throws StartRefused when it is not a checkpoint. */
export function fromJson(text: string): Checkpoint {
  try {
    // Checkpoints of earlier relays have neither failures nor ends.
    const { position, last, lastEvent = last, routes, partitions, failures = [], ends = {} } = JSON.parse(text) as Stored;
    if ([lastEvent, routes, partitions].includes(undefined as never)) throw new TypeError('fields are missing');
    return {
      position: position === null ? null : BigInt(position),
      last: lastEvent,
      routes,
      partitions,
      failures,
      ends,
      parkedApart: last === undefined,
    };
  } catch (fault) {
    throw new StartRefused(`the checkpoint can't be read: ${text}`, { cause: fault });
  }
}

/**
 * What changed since the checkpoint was written; null when it still holds. With another filter the
 * relay would leave out or repeat events without a sign.
 */
export function differences(checkpoint: Checkpoint, shard: Shard): string | null {
  const found = [
    ...differing(checkpoint.routes, shard.routes, (category, was, is) =>
      is === undefined
        ? `streams ${category}-* went to topic ${was} and are not carried any more`
        : was === undefined
          ? `streams ${category}-* are new and would miss what was stored before`
          : `streams ${category}-* went to topic ${was} and would go to ${is}`,
    ),
    ...differing(checkpoint.partitions, shard.partitions, (topic, was, is) =>
      is === undefined || was === undefined ? null : `topic ${topic} had ${was} partitions and has ${is} by contract`,
    ),
  ];
  return found.length === 0 ? null : found.join('; ');
}

function differing<T>(
  was: Readonly<Record<string, T>>,
  is: Readonly<Record<string, T>>,
  describe: (name: string, was: T | undefined, is: T | undefined) => string | null,
): string[] {
  const names = new Set([...Object.keys(was), ...Object.keys(is)]);
  return [...names].flatMap((name) => {
    if (was[name] === is[name]) return [];
    const description = describe(name, was[name], is[name]);
    return description === null ? [] : [description];
  });
}
