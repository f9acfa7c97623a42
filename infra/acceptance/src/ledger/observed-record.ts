/** A record as a read-committed reader sees it. */
export interface ObservedRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  /** The stored event's id; null for a record that can't be decoded. */
  readonly eventId: string | null;
  readonly stream: string;
  readonly revision: number;
  readonly value: Buffer | null;
}
