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
  /** Why it was set aside; for what waits behind a parked event of its stream, that. */
  readonly cause: string;
}

export interface Partition {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
}

export const BEHIND_A_PARKED_EVENT = 'behind a parked event of the same stream';

/** The table of records set aside, by consumer group. */
export interface Parking {
  /** Which of these streams have parked records in this group. */
  parkedStreams(at: Partition, streams: readonly string[]): Promise<ReadonlySet<string>>;
  /** Adds records; one that is there already is left as it is (group, topic, partition, offset). */
  park(at: Partition, records: readonly ParkedRecord[]): Promise<void>;
}
