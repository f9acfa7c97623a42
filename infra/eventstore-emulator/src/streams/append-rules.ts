import { NO_REVISION, TOMBSTONE_REVISION } from '../log/record.ts';

export type ExpectedRevision = bigint | 'no_stream' | 'any' | 'stream_exists';

/** What is known of the stream that is written to. */
export interface StreamState {
  /** -1 without events. */
  readonly lastRevision: bigint;
  readonly isSoftDeleted: boolean;
  /** Somebody has set metadata for it, so that it exists even without events. */
  readonly hasMetadata: boolean;
  /** The id of the event at a revision, however old. */
  idAt(revision: bigint): string | undefined;
  /** Where a recently written event of this stream is. */
  recentRevisionOf(id: string): bigint | undefined;
}

export type AppendVerdict =
  | { readonly kind: 'write' }
  | { readonly kind: 'already-written'; readonly lastRevision: bigint }
  | { readonly kind: 'wrong-expected-revision' }
  | { readonly kind: 'stream-deleted' };

const WRITE: AppendVerdict = { kind: 'write' };
const WRONG: AppendVerdict = { kind: 'wrong-expected-revision' };
const DELETED: AppendVerdict = { kind: 'stream-deleted' };

/**
 * Whether events with these ids may be appended. A repeat is recognised in full or not at all, and how well
 * depends on what the writer expects: with an exact revision or `no_stream` the ids stored there are compared;
 * with `any` and `stream_exists` only the ids written recently; when the expected revision is the current one,
 * ids are not looked at.
 */
export function decideAppend(expected: ExpectedRevision, ids: readonly string[], stream: StreamState): AppendVerdict {
  if (stream.lastRevision === TOMBSTONE_REVISION) return DELETED;
  if (expected === 'stream_exists') {
    if (stream.isSoftDeleted) return DELETED;
    if (stream.lastRevision === NO_REVISION && !stream.hasMetadata) return WRONG;
  }
  if (expected === 'any' || expected === 'stream_exists') return recognise(ids, stream);
  const expectedRevision = expected === 'no_stream' ? NO_REVISION : expected;
  if (expectedRevision > stream.lastRevision) return WRONG;
  if (expectedRevision === stream.lastRevision) return WRITE;
  return compare(expectedRevision, ids, stream);
}

/** For `any` and `stream_exists`. */
function recognise(ids: readonly string[], stream: StreamState): AppendVerdict {
  let lastRevision: bigint | undefined;
  for (const [index, id] of ids.entries()) {
    const revision = stream.recentRevisionOf(id);
    if (revision === undefined) return index === 0 ? WRITE : WRONG;
    lastRevision = revision;
  }
  return lastRevision === undefined ? WRITE : { kind: 'already-written', lastRevision };
}

/** For a revision that the stream has left behind. */
function compare(expected: bigint, ids: readonly string[], stream: StreamState): AppendVerdict {
  let revision = expected;
  for (const [index, id] of ids.entries()) {
    revision += 1n;
    if (stream.idAt(revision) === id) continue;
    const recreates = index === 0 && expected === NO_REVISION && stream.isSoftDeleted;
    return recreates ? WRITE : WRONG;
  }
  return ids.length === 0 ? WRONG : { kind: 'already-written', lastRevision: revision };
}
