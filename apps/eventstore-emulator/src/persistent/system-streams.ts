import { randomUUID } from 'node:crypto';
import type { ProposedEvent } from '../log/record.ts';
import { METADATA_TYPE, metastreamOf } from '../streams/stream-metadata.ts';
import type { StreamReader } from '../streams/stream-reader.ts';
import type { StreamWriter, WriteOutcome } from '../streams/stream-writer.ts';

const NOTHING: Uint8Array = new Uint8Array();
const ADMINS = '$admins';
const ONLY_ADMINS = { $r: ADMINS, $w: ADMINS, $d: ADMINS, $mr: ADMINS, $mw: ADMINS };

/** The server's own streams: it writes to them whatever is there. */
export class SystemStreams {
  readonly streams: StreamReader;
  readonly #writer: StreamWriter;

  constructor(streams: StreamReader, writer: StreamWriter) {
    this.streams = streams;
    this.#writer = writer;
  }

  /** @throws when it is not on disk: then nothing was written. */
  append(stream: string, type: string, data: string, { isJson = true, metadata = '' } = {}): Promise<WriteOutcome> {
    const event: ProposedEvent = {
      id: randomUUID(),
      type,
      isJson,
      data: Buffer.from(data),
      metadata: metadata === '' ? NOTHING : Buffer.from(metadata),
    };
    return this.#writer.append(stream, 'any', [event]);
  }

  /** Replaces a stream's metadata, but for who may do what. */
  describe(stream: string, metadata: Readonly<Record<string, unknown>>): Promise<WriteOutcome> {
    return this.append(metastreamOf(stream), METADATA_TYPE, JSON.stringify({ ...metadata, $acl: ONLY_ADMINS }));
  }

  /** Nothing happens when there is none. */
  delete(stream: string): Promise<WriteOutcome> {
    return this.#writer.softDelete(stream, 'any');
  }

  /** undefined when there is nothing to read. */
  last(stream: string) {
    if (this.streams.status(stream) !== 'readable') return undefined;
    return this.streams.backwards(stream, this.streams.log.lastRevision(stream), 1)[0];
  }

  isEmpty(stream: string): boolean {
    return this.streams.status(stream) === 'not-found';
  }
}
