import type { EventRecord } from '../log/record.ts';
import { ReadResp } from '../protocol/messages.ts';
import { recordOf } from '../protocol/values.ts';
import { wireLong } from '../protocol/wire.ts';
import { linkTarget } from '../streams/links.ts';
import type { StreamReader } from '../streams/stream-reader.ts';

/** How one reader wants events. */
export interface Encoding {
  readonly resolveLinks: boolean;
  readonly idsAsText: boolean;
}

/** An event as the answer that carries it; a link with the event it points to, when the reader asked for that. */
export function encodeEvent(event: EventRecord, { resolveLinks, idsAsText }: Encoding, streams: StreamReader): Buffer {
  const commitPosition = wireLong(event.position);
  const recorded = recordOf(event, idsAsText);
  const target = resolveLinks ? linkTarget(event) : undefined;
  if (target === undefined) return ReadResp.encode({ event: { event: recorded, commitPosition } });
  const found = streams.target(target.stream, target.revision);
  const resolved = found === undefined ? {} : { event: recordOf(found, idsAsText) };
  return ReadResp.encode({ event: { ...resolved, link: recorded, commitPosition } });
}
