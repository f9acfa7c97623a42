import { channel } from 'node:diagnostics_channel';

/** A record as it lies on the topic. */
export interface RawRecord {
  /** The record's key; empty when it has none. */
  readonly stream: string;
  readonly offset: bigint;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
}

export interface ParkedRecord {
  readonly record: RawRecord;
  /** Why it was set aside; if only because it comes behind a parked event of its stream, that. */
  readonly cause: string;
}

export interface Partition {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
}

export const BEHIND_A_PARKED_EVENT = 'behind a parked event of the same stream';

/** As much of a cause is kept. */
export const LONGEST_CAUSE = 2_000;

/** An event that was parked on its own account, not behind another. */
export interface Failure {
  readonly stream: string;
  /** Where it stands among the events that its consumer gets: an offset, or a number that counts them. */
  readonly place: number;
  readonly cause: string;
}

/** The table of records set aside, by consumer group. */
export interface Parking {
  /**
   * The smallest parked offset of each of these streams in this group; streams without one are left out. Earlier
   * events of the stream were sound when they were first delivered, and are delivered again like then.
   */
  firstParked(at: Partition, streams: readonly string[]): Promise<ReadonlyMap<string, bigint>>;
  /** What was parked on its own account at these offsets, both included. */
  failures(at: Partition, from: number, to: number): Promise<readonly Failure[]>;
  /**
   * Adds records; one that is there already (by group, topic, partition and offset) stays as it is: an attempt that
   * died afterwards set it aside. Resolves to the others.
   */
  park(at: Partition, records: readonly ParkedRecord[]): Promise<readonly ParkedRecord[]>;
}

/** The records that were set aside for the first time. */
export interface Parked {
  /** The consumer group that they were delivered to; they are parked under the name of one of its read models, or its own. */
  readonly consumer: string;
  readonly at: Partition;
  readonly records: readonly ParkedRecord[];
}

/** For logs and metrics, of which the code that parks knows nothing. Messages are of type `Parked`. */
export const parkedChannel = channel('orderstream.parked');

/** Call it once the parking can't be undone any more. */
export function tellParked(consumer: string, { group, topic, partition }: Partition, records: readonly ParkedRecord[]): void {
  if (records.length > 0) parkedChannel.publish({ consumer, at: { group, topic, partition }, records } satisfies Parked);
}
