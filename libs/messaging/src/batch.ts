import type { RawRecord } from './parking.ts';

/** One event as it came from a topic, decoded to the current version of its type. */
export interface DeliveredEvent<Event = { readonly type: string; readonly data: object }> {
  /** The stored event's id (UUID). */
  readonly id: string;
  readonly event: Event;
  /** The stream it was appended to (the record's key), and its revision there. */
  readonly stream: string;
  readonly revision: number;
  /** When the store recorded it, ISO-8601 UTC. */
  readonly recordedAt: string;
  readonly correlationId: string;
  readonly causationId: string;
  readonly traceparent?: string;
}

/** An event of a type that another release has, and this build does not. */
export interface PassedOver {
  readonly type: string;
  readonly stream: string;
  readonly revision: number;
}

/**
 * A record of a batch: its bytes as they lie on the topic, and their event; or that it is not for this build; or
 * why they can't be read.
 */
export type BatchRecord<Event = { readonly type: string; readonly data: object }> = RawRecord &
  (
    | { readonly decoded: DeliveredEvent<Event>; readonly passedOver?: never; readonly undecodable?: never }
    | { readonly decoded?: never; readonly passedOver: PassedOver; readonly undecodable?: never }
    | { readonly decoded?: never; readonly passedOver?: never; readonly undecodable: string }
  );

/** What a consumer gets at once: consecutive records of one partition, in order. */
export interface EventBatch<Event = { readonly type: string; readonly data: object }> {
  /** The consumer group this was delivered to. */
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly BatchRecord<Event>[];
  /** Where this batch starts: nothing is missing between this and the first record. */
  readonly fromOffset: bigint;
  /** Where the next batch starts. Offsets jump over transaction markers, so it is not the last record's + 1. */
  readonly nextOffset: bigint;
}

/** How far one consumer is in one partition. */
export interface Position {
  readonly partition: number;
  readonly nextOffset: bigint;
  /** The last handled record, to notice a topic that was truncated or recreated; null before the first. */
  readonly last: { readonly offset: bigint; readonly eventId: string } | null;
}

/**
 * Where consumers go on, and how their progress is recorded: by the consumer itself together with a batch's effect,
 * or after it.
 */
export interface Progress {
  /** Partitions without a position start at offset 0. */
  load(group: string, topic: string, partitions: readonly number[]): Promise<readonly Position[]>;
  /**
   * Called when a batch has had its effect.
   *
   * @param commit records the position with Kafka, with a text beside it.
   */
  handled(topic: string, position: Position, commit: (beside: string) => Promise<void>): Promise<void>;
  /**
   * For a consumer whose batches several share, each with a position of its own. Asked after each batch, and now and then.
   *
   * @param nextOffset what the consumer handles next.
   */
  standing?(group: string, topic: string, partition: number, nextOffset: bigint): Standing;
  /** Writes positions that are not written yet: partitions are given up. */
  write?(): Promise<void>;
}

/** How those who share a consumer stand in one partition. */
export interface Standing {
  /** Whether the consumer has to read elsewhere: `load` says where. */
  readonly isElsewhere: boolean;
  /** Who has to wait while the others go on, and why; null when nobody does. */
  readonly heldBy: string | null;
}

/** What a consumer group's member is doing, for readiness and metrics. */
export interface ConsumerStatus {
  readonly group: string;
  /** Why it does not go on, naming the dependency; null while it runs. */
  readonly blockedBy: string | null;
  /** Whether everything that its partitions held at the last fetch has been handled; false without any. */
  readonly caughtUp: boolean;
  readonly partitions: readonly {
    readonly topic: string;
    readonly partition: number;
    readonly nextOffset: bigint;
    /** The partition's end as of the last fetch. */
    readonly endOffset: bigint;
  }[];
}
