import { AsyncLocalStorage } from 'node:async_hooks';
import { promisify } from 'node:util';
import { gunzip, zstdDecompress } from 'node:zlib';
import { messageOf } from '@orderstream/messaging';
import kafkajs, { type KafkaMessage } from 'kafkajs';

const { CompressionCodecs, CompressionTypes, KafkaJSNonRetriableError } = kafkajs;

type Codec = keyof typeof CompressionCodecs;
type Decompress = (compressed: Buffer) => Promise<Buffer>;

/** Imported only when needed: not every platform has these binaries. */
const decompressors: ReadonlyMap<Codec, Decompress> = new Map<Codec, Decompress>([
  [CompressionTypes.GZIP, promisify(gunzip) as Decompress],
  [CompressionTypes.Snappy, snappy],
  [CompressionTypes.LZ4, async (compressed) => (await import('lz4-napi')).decompressFrame(compressed)],
  [CompressionTypes.ZSTD, promisify(zstdDecompress) as Decompress],
]);

/** What Java's producers and brokers put before their blocks; others write one block and nothing else. */
const JAVA_SNAPPY = Buffer.from('\x82SNAPPY\0', 'latin1');
const JAVA_HEADER_BYTES = 16;

async function snappy(compressed: Buffer): Promise<Buffer> {
  const { uncompress } = await import('snappy');
  const uncompressed = async (block: Buffer): Promise<Buffer> => Buffer.from(await uncompress(block));
  if (!compressed.subarray(0, JAVA_SNAPPY.length).equals(JAVA_SNAPPY)) return await uncompressed(compressed);
  if (compressed.length < JAVA_HEADER_BYTES) throw new Error('it ends in its header');
  const blocks: Buffer[] = [];
  for (let at = JAVA_HEADER_BYTES; at < compressed.length;) {
    const end = at + 4 + compressed.readInt32BE(at);
    if (end <= at + 4 || end > compressed.length) throw new Error(`a block of ${end - at - 4} bytes at ${at} of ${compressed.length}`);
    blocks.push(await uncompressed(compressed.subarray(at + 4, end)));
    at = end;
  }
  return Buffer.concat(blocks);
}

/** Lets every consumer of this process read records of any codec. kafkajs itself has gzip alone. */
export function readEveryCodec(): void {
  for (const [type, decompress] of decompressors) setCodec(type, decompress);
}

/** Exported for tests, which need one that fails. */
export function setCodec(type: Codec, decompress: Decompress): void {
  const name = Object.entries(CompressionTypes).find(([, value]) => value === type)![0];
  CompressionCodecs[type] = () => ({
    compress: () => Promise.reject(new KafkaJSNonRetriableError(`${name}: nothing here writes compressed records`)),
    decompress: async (compressed: Buffer) => {
      try {
        return await decompress(compressed);
      } catch (fault) {
        const cause = `${name}: ${messageOf(fault)}`;
        if (isHolding.getStore() === true) return standIns(compressed, cause);
        throw new KafkaJSNonRetriableError(`a batch can't be decompressed: ${cause}`);
      }
    },
  });
}

/** A batch of records that can't be decompressed, so that not even the streams of its records are known. */
export class UnreadableBatch extends Error {
  override readonly name = 'UnreadableBatch';
}

/** Whether a fetch is for a consumer that looks for stand-ins. */
const isHolding = new AsyncLocalStorage<boolean>();

/** The cause, by the memory in which the stand-ins lie; no record of a topic lies there. */
const causes = new WeakMap<ArrayBufferLike, string>();

/**
 * Runs a consumer that calls `checkReadable`. In kafkajs a batch that can't be decompressed fails the whole fetch
 * and in the end the membership, over and over. This consumer gets records without key and content in its place,
 * and can hold that partition alone.
 */
export function holdingUnreadable<Result>(run: () => Result): Result {
  return isHolding.run(true, run);
}

/** @throws UnreadableBatch when one of these stands for a batch that can't be decompressed. */
export function checkReadable(messages: readonly KafkaMessage[]): void {
  for (const { value, offset } of messages) {
    const cause = value === null ? undefined : causes.get(value.buffer);
    if (cause !== undefined) throw new UnreadableBatch(`the batch of records up to offset ${offset} can't be decompressed: ${cause}`);
  }
}

// Where fields of a record batch's header (magic 2) lie, seen from its records.
const MAGIC_AT = -45;
const LAST_OFFSET_DELTA_AT = -38;
const COUNT_AT = -4;

/** As many records as the batch has, all at its last offset: kafkajs skips those before the offset that it asked for. */
function standIns(compressed: Buffer, cause: string): Buffer {
  // kafkajs hands out a view of the fetched bytes, so that the header is there.
  const batch = Buffer.from(compressed.buffer, compressed.byteOffset + MAGIC_AT, -MAGIC_AT);
  const field = (at: number): number => batch.readInt32BE(batch.length + at);
  if (batch[0] !== 2) throw new KafkaJSNonRetriableError(`a batch in format ${batch[0]} can't be decompressed: ${cause}`);
  // Attributes, time, place; no key, one byte as value, no headers.
  const body = Buffer.from([0, 0, ...varInt(field(LAST_OFFSET_DELTA_AT)), ...varInt(-1), ...varInt(1), 0, ...varInt(0)]);
  const record = Buffer.from([...varInt(body.length), ...body]);
  const all = Buffer.from(new ArrayBuffer(record.length * field(COUNT_AT))).fill(record);
  causes.set(all.buffer, cause);
  return all;
}

/** Kafka's variable-length integers, zigzag-encoded. */
function varInt(value: number): number[] {
  const bytes: number[] = [];
  let rest = ((value << 1) ^ (value >> 31)) >>> 0;
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return [...bytes, rest];
}
