import { randomUUID } from 'node:crypto';
import type { GroupCommit } from '../log/group-commit.ts';
import type { EventRecord } from '../log/record.ts';
import { ADMINS } from './stream-acl.ts';
import { METADATA_TYPE, SOFT_DELETED, metastreamOf } from './stream-metadata.ts';
import type { StreamReader } from './stream-reader.ts';
import type { StreamWriter } from './stream-writer.ts';

const ONLY_ADMINS = { $r: ADMINS, $w: ADMINS, $d: ADMINS, $mr: ADMINS, $mw: ADMINS };

/** The server's own streams: it writes to them whatever is there. */
export class SystemStreams {
  readonly streams: StreamReader;
  readonly #writer: StreamWriter;
  readonly #commits: GroupCommit;

  constructor(streams: StreamReader, writer: StreamWriter, commits: GroupCommit) {
    this.streams = streams;
    this.#writer = writer;
    this.#commits = commits;
  }

  /** Everything that the work writes is on disk when this resolves. @throws when it is not: then nothing of it is. */
  transact<Result>(work: () => Result): Promise<Result> {
    return this.#commits.run(work);
  }

  /** In the work of a transaction. Gives false when the stream was ended for ever. */
  append(stream: string, type: string, data: string | Uint8Array, { isJson = true, metadata = '' } = {}): boolean {
    const event = { id: randomUUID(), type, isJson, data: Buffer.from(data), metadata: Buffer.from(metadata) };
    return this.#writer.appendNow(stream, [event]).kind === 'written';
  }

  /** In the work of a transaction. Replaces a stream's metadata, but for who may do what. */
  describe(stream: string, metadata: Readonly<Record<string, unknown>>): void {
    this.append(metastreamOf(stream), METADATA_TYPE, JSON.stringify({ ...metadata, $acl: ONLY_ADMINS }));
  }

  /** In the work of a transaction. Nothing happens when there is nothing to delete. */
  delete(stream: string): void {
    if (this.streams.status(stream) === 'readable') this.append(metastreamOf(stream), METADATA_TYPE, SOFT_DELETED);
  }

  /** undefined when there is nothing to read. */
  last(stream: string): EventRecord | undefined {
    if (this.streams.status(stream) !== 'readable') return undefined;
    return this.streams.backwards(stream, this.streams.log.lastRevision(stream), 1)[0];
  }

  isEmpty(stream: string): boolean {
    return this.streams.status(stream) === 'not-found';
  }
}
