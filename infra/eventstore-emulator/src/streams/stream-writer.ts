import { randomUUID } from 'node:crypto';
import type { GroupCommit } from '../log/group-commit.ts';
import type { RecentIds } from '../log/recent-ids.ts';
import { NO_REVISION, type ProposedEvent, TOMBSTONE_REVISION } from '../log/record.ts';
import { type ExpectedRevision, type StreamState, decideAppend } from './append-rules.ts';
import {
  METADATA_TYPE,
  SOFT_DELETED,
  isMetastream,
  isSoftDeleted,
  metastreamOf,
  originalOf,
  withTruncateBefore,
} from './stream-metadata.ts';
import { type StreamReader, metadataOf } from './stream-reader.ts';

export type WriteOutcome =
  /** `lastRevision` is -1 when nothing was to be written to no stream. */
  | { readonly kind: 'written'; readonly lastRevision: bigint; readonly position: bigint | null }
  /** `current` is -1 for a stream without events. */
  | { readonly kind: 'wrong-expected-revision'; readonly current: bigint }
  | { readonly kind: 'stream-deleted' };

const NOTHING: Uint8Array = new Uint8Array();

/** Appends and deletions. Every answer rests on what is on disk. */
export class StreamWriter {
  readonly #streams: StreamReader;
  readonly #commits: GroupCommit;
  readonly #recent: RecentIds;

  constructor(streams: StreamReader, commits: GroupCommit, recent: RecentIds) {
    this.#streams = streams;
    this.#commits = commits;
    this.#recent = recent;
  }

  append(stream: string, expected: ExpectedRevision, events: readonly ProposedEvent[]): Promise<WriteOutcome> {
    return this.#commits.run(() => this.#append(stream, expected, events));
  }

  /** In a transaction that is open already, whatever is there: for the server's own events, in the work of a group commit. */
  appendNow(stream: string, events: readonly ProposedEvent[]): WriteOutcome {
    return this.#append(stream, 'any', events);
  }

  /** Hides all events of a stream; the next append recreates it behind them. */
  softDelete(stream: string, expected: ExpectedRevision): Promise<WriteOutcome> {
    return this.#commits.run(() => {
      const { lastRevision, hasMetadata } = this.#state(stream);
      if (lastRevision === NO_REVISION && !hasMetadata) return { kind: 'wrong-expected-revision', current: NO_REVISION };
      return this.#delete(stream, expected, () => this.#writeMetadata(stream, SOFT_DELETED));
    });
  }

  /** Ends a stream for ever. */
  tombstone(stream: string, expected: ExpectedRevision): Promise<WriteOutcome> {
    return this.#commits.run(() =>
      this.#delete(stream, expected, () => this.#write(stream, TOMBSTONE_REVISION, systemEvent('$streamDeleted', NOTHING))),
    );
  }

  #append(stream: string, expected: ExpectedRevision, events: readonly ProposedEvent[]): WriteOutcome {
    const state = this.#state(stream);
    const ids = events.map(({ id }) => id);
    const verdict = decideAppend(expected, ids, state);
    if (verdict.kind === 'write') return this.#writeAll(stream, state, events);
    if (verdict.kind === 'stream-deleted') return verdict;
    if (verdict.kind === 'wrong-expected-revision') return { kind: 'wrong-expected-revision', current: state.lastRevision };
    const { lastRevision } = verdict;
    // The real server looks the event up as a reader does: of what metadata hide by now it knows no position.
    return { kind: 'written', lastRevision, position: this.#streams.target(stream, lastRevision)?.position ?? null };
  }

  #writeAll(stream: string, state: StreamState, events: readonly ProposedEvent[]): WriteOutcome {
    let { lastRevision } = state;
    // The real server writes a record that nobody sees for an append of nothing: its position, too, is one behind
    // which a reader finds whatever comes later.
    let position = this.#streams.log.lastPosition;
    const describes = isMetastream(stream) ? originalOf(stream) : undefined;
    const describesDeleted = describes !== undefined && this.#streams.isSoftDeleted(describes);
    for (const event of events) {
      lastRevision += 1n;
      position = this.#write(stream, lastRevision, event);
    }
    // Behind what was written, and also when that is nothing: so does the real server.
    if (state.isSoftDeleted) this.#recreate(stream, state.lastRevision + 1n);
    // New metadata would otherwise bring the old events of a soft-deleted stream back.
    if (describesDeleted) this.#recreate(describes, this.#streams.log.lastRevision(describes) + 1n);
    return { kind: 'written', lastRevision, position };
  }

  #delete(stream: string, expected: ExpectedRevision, write: () => bigint): WriteOutcome {
    const state = this.#state(stream);
    const verdict = decideAppend(expected, [randomUUID()], state);
    if (verdict.kind === 'stream-deleted') return verdict;
    if (verdict.kind !== 'write') return { kind: 'wrong-expected-revision', current: state.lastRevision };
    return { kind: 'written', lastRevision: state.lastRevision, position: write() };
  }

  #state(stream: string): StreamState {
    const { log } = this.#streams;
    const metadata = this.#streams.rawMetadata(stream);
    return {
      lastRevision: log.lastRevision(stream),
      isSoftDeleted: !isMetastream(stream) && isSoftDeleted(metadataOf(metadata)),
      hasMetadata: metadata !== undefined,
      idAt: (revision) => log.idAt(stream, revision)?.id,
      recentRevisionOf: (id) => this.#recent.revisionOf(stream, id),
    };
  }

  #write(stream: string, revision: bigint, event: ProposedEvent): bigint {
    this.#recent.remember(stream, event.id, revision);
    return this.#streams.log.add(stream, revision, event, Date.now());
  }

  /** The old events stay hidden, the other metadata stay. */
  #recreate(stream: string, firstRevision: bigint): void {
    const metadata = withTruncateBefore(this.#streams.rawMetadata(stream)?.data ?? NOTHING, firstRevision);
    if (metadata !== null) this.#writeMetadata(stream, metadata);
  }

  #writeMetadata(stream: string, data: Uint8Array): bigint {
    const metastream = metastreamOf(stream);
    return this.#write(metastream, this.#streams.log.lastRevision(metastream) + 1n, systemEvent(METADATA_TYPE, data));
  }
}

function systemEvent(type: string, data: Uint8Array): ProposedEvent {
  return { id: randomUUID(), type, isJson: type === METADATA_TYPE, data, metadata: NOTHING };
}
