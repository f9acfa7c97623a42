/** An event as a client proposes it. */
export interface ProposedEvent {
  /** UUID as lower-case text. */
  readonly id: string;
  readonly type: string;
  readonly isJson: boolean;
  readonly data: Uint8Array;
  readonly metadata: Uint8Array;
}

/** An event in the log. */
export interface EventRecord extends ProposedEvent {
  /** Place among all events. */
  readonly position: bigint;
  readonly stream: string;
  /** Place in its stream; the first is 0. */
  readonly revision: bigint;
  readonly createdMs: bigint;
}

/** What counts against the limit on appends: as the real server does, two bytes for each character of the type. */
export function eventSizeBytes({ type, data, metadata }: Pick<ProposedEvent, 'type' | 'data' | 'metadata'>): number {
  return data.byteLength + metadata.byteLength + 2 * type.length;
}

const FRAME_BYTES = 88;

/**
 * How far an event moves the log's position. Real positions are byte offsets into a log file: they grow,
 * and they have gaps that nobody can calculate with.
 */
export function strideBytes(stream: string, event: ProposedEvent): bigint {
  return BigInt(FRAME_BYTES + 2 * stream.length + eventSizeBytes(event));
}

/** The revision of a tombstone; a stream whose last revision this is, is gone for ever. */
export const TOMBSTONE_REVISION = 9223372036854775807n;
/** The last revision of a stream without events. */
export const NO_REVISION = -1n;
