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
  /** The last event of the log that was published or parked, to notice another log or one that was set back. */
  readonly last: EventIdentity | null;
  readonly routes: Readonly<Record<string, string>>;
  readonly partitions: Readonly<Record<string, number>>;
  /** What was parked on its own account among the last events, the last of which is at place 0. */
  readonly failures: readonly Failure[];
}

/** The relay must not start like this, and waiting would not help. */
export class StartRefused extends Error {
  override readonly name = 'StartRefused';
}

export function checkpointAt(
  position: bigint | null,
  last: EventIdentity | null,
  { routes, partitions }: Shard,
  failures: readonly Failure[],
): Checkpoint {
  return { position, last, routes, partitions, failures };
}

export function toJson({ position, ...rest }: Checkpoint): string {
  return JSON.stringify({ position: position === null ? null : String(position), ...rest });
}

type Written = Omit<Checkpoint, 'position' | 'failures'> & { readonly position: string | null; readonly failures?: Checkpoint['failures'] };

/** @throws StartRefused when it is not a checkpoint. */
export function fromJson(text: string): Checkpoint {
  try {
    // Checkpoints of earlier relays have no failures.
    const { position, last, routes, partitions, failures = [] } = JSON.parse(text) as Written;
    if ([last, routes, partitions].includes(undefined as never)) throw new TypeError('fields are missing');
    return { position: position === null ? null : BigInt(position), last, routes, partitions, failures };
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
      is === undefined || was === undefined
        ? null
        : `topic ${topic} had ${was} partitions and has ${is} by contract`,
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
