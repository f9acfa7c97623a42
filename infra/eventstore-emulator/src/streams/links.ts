import { type EventRecord, TOMBSTONE_REVISION } from '../log/record.ts';

export const LINK_TYPE = '$>';

/** What a link points to: its data are `revision@stream`. Undefined for an event that is none. */
export function linkTarget({ type, data }: EventRecord): { readonly stream: string; readonly revision: bigint } | undefined {
  if (type !== LINK_TYPE) return undefined;
  const [, revision, stream] = /^(\d{1,19})@(.+)$/s.exec(Buffer.from(data).toString('utf8')) ?? [];
  if (revision === undefined || stream === undefined || BigInt(revision) > TOMBSTONE_REVISION) return undefined;
  return { stream, revision: BigInt(revision) };
}
