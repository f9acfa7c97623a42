import type { EventLog } from '../log/event-log.ts';
import { type EventRecord, NO_REVISION, TOMBSTONE_REVISION } from '../log/record.ts';
import {
  type Retention,
  type StreamMetadata,
  isMetastream,
  isSoftDeleted,
  metastreamOf,
  originalOf,
  parseMetadata,
} from './stream-metadata.ts';

export type StreamStatus = 'readable' | 'not-found' | 'deleted';

const METASTREAM_RETENTION: Retention = { maxCount: 1n };
const NO_METADATA: StreamMetadata = {};
const NEXT_AFTER_TOMBSTONE = TOMBSTONE_REVISION - 1n;

/** Streams as readers see them: without what their metadata hide. Metadata are looked at for every page, as they may change. */
export class StreamReader {
  readonly log: EventLog;

  constructor(log: EventLog) {
    this.log = log;
  }

  status(stream: string): StreamStatus {
    if (isMetastream(stream) && this.isTombstoned(originalOf(stream))) return 'deleted';
    const last = this.log.lastRevision(stream);
    if (last === TOMBSTONE_REVISION) return 'deleted';
    return last === NO_REVISION || isSoftDeleted(this.retention(stream)) ? 'not-found' : 'readable';
  }

  /** Hidden as a whole, until somebody writes to it again. */
  isSoftDeleted(stream: string): boolean {
    return !this.isTombstoned(stream) && isSoftDeleted(this.retention(stream));
  }

  isTombstoned(stream: string): boolean {
    return this.log.lastRevision(stream) === TOMBSTONE_REVISION;
  }

  /** The metadata as somebody wrote them; undefined when nobody did. */
  rawMetadata(stream: string): EventRecord | undefined {
    if (isMetastream(stream)) return undefined;
    return this.log.streamBackwards(metastreamOf(stream), NEXT_AFTER_TOMBSTONE, 1)[0];
  }

  retention(stream: string): Retention {
    return isMetastream(stream) ? METASTREAM_RETENTION : metadataOf(this.rawMetadata(stream));
  }

  /** The first revision that can be read, now. */
  firstRevision(stream: string): bigint {
    const { maxCount, maxAgeSeconds, truncateBefore } = this.retention(stream);
    let first = truncateBefore ?? 0n;
    if (maxCount !== undefined) first = larger(first, this.log.lastRevision(stream) - maxCount + 1n);
    if (maxAgeSeconds !== undefined) {
      const since = Date.now() - Number(maxAgeSeconds) * 1000;
      first = this.log.firstRevisionSince(stream, first, since) ?? larger(first, this.log.lastRevision(stream) + 1n);
    }
    return first;
  }

  /** A page of events at or after a revision. Empty means that there are none. */
  forwards(stream: string, from: bigint, limit?: number): EventRecord[] {
    return this.log.streamForwards(stream, larger(from, this.firstRevision(stream)), limit);
  }

  /** A page of events at or before a revision, the nearest first. */
  backwards(stream: string, from: bigint, limit?: number): EventRecord[] {
    const first = this.firstRevision(stream);
    return this.log.streamBackwards(stream, from, limit).filter(({ revision }) => revision >= first);
  }

  /** One event by itself, as far as readers see it; undefined when it is gone. */
  target(stream: string, revision: bigint): EventRecord | undefined {
    if (this.status(stream) !== 'readable' || revision < this.firstRevision(stream)) return undefined;
    return this.log.eventAt(stream, revision);
  }
}

/** Metadata that are not JSON count as none; their type does not matter. */
export function metadataOf(metadata: EventRecord | undefined): StreamMetadata {
  return metadata?.isJson === true ? parseMetadata(metadata.data) : NO_METADATA;
}

function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
