import { TOMBSTONE_REVISION } from '../log/record.ts';
import { type StreamAcl, parseAcl } from './stream-acl.ts';

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

/** undefined when it is not there, null when it is not what it has to be. */
function whole(json: Json, key: string, least: bigint): bigint | undefined | null {
  const value = json[key];
  if (value === undefined) return undefined;
  if (!JSON.isRawJSON(value) || !/^\d{1,19}$/.test(value.rawJSON)) return null;
  const number = BigInt(value.rawJSON);
  return number < least || number > TOMBSTONE_REVISION ? null : number;
}

export interface StreamMetadata extends Retention {
  readonly acl?: StreamAcl;
}

/** Metadata that are not JSON count as none, and so do all of them when one value is wrong. */
export function parseMetadata(data: Uint8Array): StreamMetadata {
  const json = parse(data) ?? {};
  const maxCount = whole(json, '$maxCount', 1n);
  const maxAgeSeconds = whole(json, '$maxAge', 1n);
  const truncateBefore = whole(json, '$tb', 0n);
  const acl = Object.hasOwn(json, '$acl') ? (parseAcl(json['$acl']) ?? null) : undefined;
  if (maxCount === null || maxAgeSeconds === null || truncateBefore === null || acl === null || whole(json, '$cacheControl', 1n) === null)
    return {};
  return {
    ...(maxCount === undefined ? {} : { maxCount }),
    ...(maxAgeSeconds === undefined ? {} : { maxAgeSeconds }),
    ...(truncateBefore === undefined ? {} : { truncateBefore }),
    ...(acl === undefined ? {} : { acl }),
  };
}

export function isSoftDeleted({ truncateBefore }: Retention): boolean {
  return truncateBefore === TOMBSTONE_REVISION;
}

export const SOFT_DELETED: Uint8Array = Buffer.from(`{"$tb":${TOMBSTONE_REVISION}}`);

/** The same metadata with another `$tb`; null when they are not JSON. */
export function withTruncateBefore(data: Uint8Array, revision: bigint): Uint8Array | null {
  const json = parse(data);
  return json === null ? null : Buffer.from(JSON.stringify({ ...json, $tb: JSON.rawJSON(String(revision)) }));
}
