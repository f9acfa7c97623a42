import type { DomainEvent } from './decider.ts';

/**
 * What every stored event carries beside its data. `$correlationId` and `$causationId` are
 * EventStoreDB's own names, so that its projections and tools understand them.
 */
export interface EventMetadata {
  /** Which version of the event's schema its data has. */
  readonly schemaVersion: number;
  /** The request that started the whole flow. */
  readonly $correlationId: string;
  /** The id of the event or request that led to this event directly. */
  readonly $causationId: string;
  /** W3C trace context of the append, when the request carried one. */
  readonly traceparent?: string;
  /** Fingerprint of the request body, for commands that a client may repeat under one key. */
  readonly fingerprint?: string;
}

export interface EventToAppend<Event extends DomainEvent = DomainEvent> {
  /** UUID. The same id in the same place of a stream is the same event, however often it is appended. */
  readonly id: string;
  readonly event: Event;
  readonly metadata: EventMetadata;
}

export interface StoredEvent<Event extends DomainEvent = DomainEvent> {
  readonly id: string;
  readonly stream: string;
  /** Place in the stream; the first is 0. */
  readonly revision: number;
  readonly event: Event;
  readonly metadata: EventMetadata;
  /** When the store recorded it, ISO-8601 UTC. */
  readonly recordedAt: string;
}

/** The stream's last revision, as the writer read it; there is no "any", because it would not compare ids. */
export type ExpectedRevision = number | 'no_stream';

export type AppendResult =
  | { readonly ok: true; readonly revision: number }
  /** Somebody else wrote first: nothing was appended. `actual` is the stream's last revision. */
  | { readonly ok: false; readonly actual: ExpectedRevision };

/**
 * The port to the log. An append is atomic, and on disk when it resolves.
 * Repeating an append with the same ids at the same expected revision succeeds and writes nothing.
 *
 * @throws StoreUnavailable when the store does not answer; the append may or may not have happened.
 * @throws RequestRefused for a read or an append that could never succeed: nothing was appended.
 */
export interface EventStore {
  /**
   * Events from `fromRevision` (default 0) upwards, each with the data of its current version; nothing for a stream that
   * does not exist. @throws NewerEvent at the first that this build does not know.
   */
  read(stream: string, options?: { readonly fromRevision?: number }): AsyncIterable<StoredEvent>;
  /** One event or more, of together at most MOST_BYTES_AN_APPEND as JSON; what is no data of its contract is refused, too. */
  append(stream: string, events: readonly EventToAppend[], expected: ExpectedRevision): Promise<AppendResult>;
}

/** What a store takes at once, unless it is set otherwise: of data, metadata, and each type in UTF-16. */
export const MOST_BYTES_AN_APPEND = 1024 * 1024;

/** The event store did not answer. The caller pauses and tries again; nothing is wrong with the work. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
  readonly dependency = 'eventstore';
}

/** The store, or who stands before it, refuses the request for what it is: sent again, it would be refused again. */
export class RequestRefused extends Error {
  override readonly name = 'RequestRefused';
}

/** One stream had so many writers that this one did not get through: a lost race, and nothing is wrong with the store. */
export class StreamContended extends Error {
  override readonly name = 'StreamContended';
  readonly retryable = true;
  constructor(stream: string, how: string) {
    super(`${stream} has too many writers at once: ${how}`);
  }
}

/**
 * A stream has an event of a version or type that this build does not know: a newer release wrote it. Readers of
 * the stream wait, because without the event they would go wrong. It passes like an outage: deploying the newer
 * release ends it.
 */
export class NewerEvent extends Error {
  override readonly name = 'NewerEvent';
  readonly dependency = 'a newer release';
  /** What reads other streams is not concerned. */
  readonly isOfOneStream = true;
  constructor({ stream, revision, event, metadata }: StoredEvent) {
    super(`${stream} has version ${metadata?.schemaVersion} of ${event.type} at revision ${revision}: deploy the release that knows it`);
  }
}
