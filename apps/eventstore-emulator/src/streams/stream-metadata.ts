import { TOMBSTONE_REVISION } from '../log/record.ts';

export const METADATA_TYPE = '$metadata';
const METASTREAM_PREFIX = '$$';

export function isMetastream(stream: string): boolean {
  return stream.startsWith(METASTREAM_PREFIX);
}

export function metastreamOf(stream: string): string {
  return METASTREAM_PREFIX + stream;
}

export function originalOf(metastream: string): string {
  return metastream.slice(METASTREAM_PREFIX.length);
}

/** What a stream's metadata say about which of its events can be read. */
export interface Retention {
  readonly maxCount?: bigint;
  readonly maxAgeSeconds?: bigint;
  readonly truncateBefore?: bigint;
}

type Json = Record<string, unknown>;

declare global {
  interface JSON {
    rawJSON(text: string): object;
    isRawJSON(value: unknown): value is { readonly rawJSON: string };
  }
}

/** Numbers stay as they are written: the largest revision does not fit a JavaScript number. */
function parse(data: Uint8Array): Json | null {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(data).toString('utf8'), keepNumbers);
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? (parsed as Json) : null;
  } catch {
    return null;
  }
}

function keepNumbers(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  return typeof value === 'number' && context?.source !== undefined ? JSON.rawJSON(context.source) : value;
}

function integer(value: unknown): bigint | undefined {
  if (!JSON.isRawJSON(value)) return undefined;
  return /^\d{1,19}$/.test(value.rawJSON) ? BigInt(value.rawJSON) : undefined;
}

/** Metadata that are not JSON count as none. */
export function parseRetention(data: Uint8Array): Retention {
  const json = parse(data) ?? {};
  const maxCount = integer(json['$maxCount']);
  const maxAgeSeconds = integer(json['$maxAge']);
  const truncateBefore = integer(json['$tb']);
  return {
    ...(maxCount === undefined || maxCount === 0n ? {} : { maxCount }),
    ...(maxAgeSeconds === undefined || maxAgeSeconds === 0n ? {} : { maxAgeSeconds }),
    ...(truncateBefore === undefined ? {} : { truncateBefore }),
  };
}

export function isSoftDeleted({ truncateBefore }: Retention): boolean {
  return truncateBefore === TOMBSTONE_REVISION;
}

export const SOFT_DELETED: Uint8Array = Buffer.from(`{"$tb":${TOMBSTONE_REVISION}}`);

/** The same metadata with another `$tb`. */
export function withTruncateBefore(data: Uint8Array, revision: bigint): Uint8Array {
  return Buffer.from(JSON.stringify({ ...parse(data), $tb: JSON.rawJSON(String(revision)) }));
}
