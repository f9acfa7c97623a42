import { type EventRecord, TOMBSTONE_REVISION } from '../log/record.ts';
import { ReadResp } from '../protocol/messages.ts';
import { recordOf } from '../protocol/values.ts';
import { wireLong } from '../protocol/wire.ts';
import type { StreamReader } from '../streams/stream-reader.ts';

const LINK_TYPE = '$>';

/** How one reader wants events. */
export interface Encoding {
  readonly resolveLinks: boolean;
  readonly idsAsText: boolean;
}

/** An event as the answer that carries it; a link with the event it points to, when the reader asked for that. */
export function encodeEvent(event: EventRecord, { resolveLinks, idsAsText }: Encoding, streams: StreamReader): Buffer {
  const commitPosition = wireLong(event.position);
  const recorded = recordOf(event, idsAsText);
  const target = resolveLinks && event.type === LINK_TYPE ? targetOf(event) : undefined;
  if (target === undefined) return ReadResp.encode({ event: { event: recorded, commitPosition } });
  const found = streams.target(target.stream, target.revision);
  const resolved = found === undefined ? {} : { event: recordOf(found, idsAsText) };
  return ReadResp.encode({ event: { ...resolved, link: recorded, commitPosition } });
}

/** A link's data are `revision@stream`; undefined when they are not. */
export function targetOf({ data }: EventRecord): { readonly stream: string; readonly revision: bigint } | undefined {
  const [, revision, stream] = /^(\d{1,19})@(.+)$/s.exec(Buffer.from(data).toString('utf8')) ?? [];
  if (revision === undefined || stream === undefined || BigInt(revision) > TOMBSTONE_REVISION) return undefined;
  return { stream, revision: BigInt(revision) };
}
