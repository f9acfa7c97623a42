import { describe, expect, it } from 'vitest';
import { TOMBSTONE_REVISION } from '../log/record.ts';
import { type AppendVerdict, type ExpectedRevision, type StreamState, decideAppend } from './append-rules.ts';

const WRITE: AppendVerdict = { kind: 'write' };
const WRONG: AppendVerdict = { kind: 'wrong-expected-revision' };
const DELETED: AppendVerdict = { kind: 'stream-deleted' };
const repeatUpTo = (lastRevision: bigint): AppendVerdict => ({ kind: 'already-written', lastRevision });

/** A stream of the given ids; `recent` are those still in the cache. */
function streamOf(
  ids: readonly string[],
  over: { recent?: readonly string[]; isSoftDeleted?: boolean; hasMetadata?: boolean } = {},
): StreamState {
  return {
    lastRevision: BigInt(ids.length) - 1n,
    isSoftDeleted: over.isSoftDeleted ?? false,
    hasMetadata: over.hasMetadata ?? over.isSoftDeleted ?? false,
    idAt: (revision) => ids[Number(revision)],
    recentRevisionOf: (id) => (over.recent?.includes(id) === true ? BigInt(ids.indexOf(id)) : undefined),
  };
}

const none = streamOf([]);
const onlyMetadata = streamOf([], { hasMetadata: true });
const three = streamOf(['a', 'b', 'c'], { recent: ['a', 'b', 'c'] });
const threeForgotten = streamOf(['a', 'b', 'c']);
const softDeleted = streamOf(['a', 'b', 'c'], { isSoftDeleted: true });
const tombstoned: StreamState = { ...three, lastRevision: TOMBSTONE_REVISION };

describe('What an append of new events does', () => {
  it.each<[string, StreamState, ExpectedRevision, AppendVerdict]>([
    ['a new stream', none, 'no_stream', WRITE],
    ['a new stream', none, 'any', WRITE],
    ['a new stream', none, 'stream_exists', WRONG],
    ['a new stream', none, 0n, WRONG],
    ['a stream with nothing but metadata', onlyMetadata, 'stream_exists', WRITE],
    ['a stream with nothing but metadata', onlyMetadata, 'no_stream', WRITE],
    ['a stream of three', three, 'no_stream', WRONG],
    ['a stream of three', three, 'any', WRITE],
    ['a stream of three', three, 'stream_exists', WRITE],
    ['a stream of three', three, 1n, WRONG],
    ['a stream of three', three, 2n, WRITE],
    ['a stream of three', three, 3n, WRONG],
    ['a soft-deleted stream', softDeleted, 'no_stream', WRITE],
    ['a soft-deleted stream', softDeleted, 'any', WRITE],
    ['a soft-deleted stream', softDeleted, 'stream_exists', DELETED],
    ['a soft-deleted stream', softDeleted, 1n, WRONG],
    ['a soft-deleted stream', softDeleted, 2n, WRITE],
    ['a tombstoned stream', tombstoned, 'no_stream', DELETED],
    ['a tombstoned stream', tombstoned, 'any', DELETED],
    ['a tombstoned stream', tombstoned, 'stream_exists', DELETED],
    ['a tombstoned stream', tombstoned, 2n, DELETED],
  ])('to %s expecting $2 (row %#)', (_title, stream, expected, verdict) => {
    expect(decideAppend(expected, ['new-1', 'new-2'], stream)).toEqual(verdict);
  });
});

describe('A repeated append', () => {
  it.each<[string, StreamState, ExpectedRevision, readonly string[], AppendVerdict]>([
    ['of everything is recognised by the ids stored there', threeForgotten, 'no_stream', ['a', 'b', 'c'], repeatUpTo(2n)],
    ['answers its own last revision, not the current one of the stream', threeForgotten, 'no_stream', ['a', 'b'], repeatUpTo(1n)],
    ['in the middle of a stream is recognised', threeForgotten, 0n, ['b', 'c'], repeatUpTo(2n)],
    ['with another event at the end is refused', threeForgotten, 'no_stream', ['a', 'x'], WRONG],
    ['that is longer than what was written is refused', threeForgotten, 0n, ['b', 'c', 'd'], WRONG],
    ['in another place is refused', threeForgotten, 'no_stream', ['b'], WRONG],
    ['is written again when the expected revision is the current one', three, 2n, ['c'], WRITE],
    ['expecting any is recognised while it is recent', three, 'any', ['a', 'b'], repeatUpTo(1n)],
    ['expecting any is written again when it is forgotten', threeForgotten, 'any', ['a', 'b'], WRITE],
    ['expecting any with a new event behind a known one is refused', three, 'any', ['c', 'd'], WRONG],
    ['expecting an existing stream is recognised while it is recent', three, 'stream_exists', ['b'], repeatUpTo(1n)],
    ['of what a soft-deleted stream holds is recognised', softDeleted, 'no_stream', ['a'], repeatUpTo(0n)],
    ['that differs behind the first event does not recreate a soft-deleted stream', softDeleted, 'no_stream', ['a', 'x'], WRONG],
  ])('%s', (_title, stream, expected, ids, verdict) => {
    expect(decideAppend(expected, ids, stream)).toEqual(verdict);
  });
});

describe('An append of nothing', () => {
  it.each<[StreamState, ExpectedRevision, AppendVerdict]>([
    [none, 'any', WRITE],
    [none, 'no_stream', WRITE],
    [three, 'any', WRITE],
    [three, 2n, WRITE],
    [three, 1n, WRONG],
    [three, 'no_stream', WRONG],
    [tombstoned, 'any', DELETED],
  ])('%#: is judged by the revision alone', (stream, expected, verdict) => {
    expect(decideAppend(expected, [], stream)).toEqual(verdict);
  });
});
