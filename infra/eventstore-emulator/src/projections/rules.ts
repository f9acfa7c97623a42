import type { EventRecord } from '../log/record.ts';
import { METADATA_TYPE, isMetastream, isSoftDeleted, originalOf, parseMetadata } from '../streams/stream-metadata.ts';

/** What a projection adds to a stream of its own for one event. */
export interface Emitted {
  readonly stream: string;
  readonly type: '$>' | '$@';
  readonly data: string | Uint8Array;
  /** Beside what every emitted event says of its cause. */
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** Pure: the same event gives the same, in every life of the process. */
export type Rule = (event: EventRecord) => Emitted | undefined;

const LINK = '$>';
const DELETED = -1;

/** The part of a stream's name before its first hyphen; system streams have none. */
function categoryOf(stream: string): string | undefined {
  const hyphen = stream.indexOf('-');
  return stream.startsWith('$') || hyphen <= 0 ? undefined : stream.slice(0, hyphen);
}

/** Whether the event says that a stream was deleted, for ever or not. */
function isDeletion({ stream, type, data }: EventRecord): boolean {
  return isMetastream(stream) ? type === METADATA_TYPE && isSoftDeleted(parseMetadata(data)) : type === '$streamDeleted';
}

function described(stream: string): string {
  return isMetastream(stream) ? originalOf(stream) : stream;
}

/** A link to a link leads to where that one leads. */
function linkTo({ stream, type, revision, data }: EventRecord): string | Uint8Array {
  return type === LINK ? data : `${revision}@${stream}`;
}

const byCategory: Rule = (event) => {
  const isDeleted = isDeletion(event);
  const original = isDeleted ? described(event.stream) : event.stream;
  const category = categoryOf(original);
  if (category === undefined) return undefined;
  const metadata = isDeleted ? { $o: original, $deleted: DELETED } : { $o: original };
  return { stream: `$ce-${category}`, type: LINK, data: linkTo(event), metadata };
};

// For metadata it names the stream that they describe, as the real server does.
const byEventType: Rule = (event) => {
  if (event.type === LINK) return undefined;
  const data = `${event.revision}@${described(event.stream)}`;
  if (isDeletion(event)) return { stream: '$et-$deleted', type: LINK, data, metadata: { $deleted: DELETED } };
  return { stream: `$et-${event.type}`, type: LINK, data };
};

const byCorrelationId: Rule = (event) => {
  if (event.type === LINK) return undefined;
  const correlation = correlationOf(event.metadata);
  if (correlation === undefined) return undefined;
  const metadata = { $eventTimestamp: new Date(Number(event.createdMs)).toISOString().replace('Z', '000Z') };
  return { stream: `$bc-${correlation}`, type: LINK, data: linkTo(event), metadata };
};

const streamByCategory: Rule = ({ stream, revision }) => {
  const category = revision === 0n ? categoryOf(stream) : undefined;
  return category === undefined ? undefined : { stream: `$category-${category}`, type: '$@', data: stream };
};

const streams: Rule = ({ stream, revision }) => (revision === 0n ? { stream: '$streams', type: LINK, data: `0@${stream}` } : undefined);

/** The projections that every server has. */
export const RULES: Readonly<Record<string, Rule>> = {
  $by_category: byCategory,
  $by_event_type: byEventType,
  $by_correlation_id: byCorrelationId,
  $stream_by_category: streamByCategory,
  $streams: streams,
};

function correlationOf(metadata: Uint8Array): string | undefined {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(metadata).toString('utf8'));
    const correlation = typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>)['$correlationId'] : undefined;
    return typeof correlation === 'string' || typeof correlation === 'number' ? String(correlation) : undefined;
  } catch {
    return undefined;
  }
}
