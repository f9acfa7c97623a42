import { randomUUID } from 'node:crypto';
import { streamDeleted } from '../errors.ts';
import type { CommitSignal } from '../log/commit-signal.ts';
import { NO_REVISION, TOMBSTONE_REVISION } from '../log/record.ts';
import { ReadResp, type SentPosition } from '../protocol/messages.ts';
import { positionOf, timeOf } from '../protocol/values.ts';
import { type WireLong, wireLong } from '../protocol/wire.ts';
import { isHiddenInAll } from '../streams/hidden-streams.ts';
import type { StreamReader } from '../streams/stream-reader.ts';
import { wantedOf } from './all-filter.ts';
import { requirePlace } from './all-position.ts';
import type { Outlet } from './calls.ts';
import { encodeEvent } from './event-encoding.ts';
import type { ReadRequest } from './read-request.ts';

/** A live subscription that is more than so many events behind catches up again, and is told when it has. */
const LIVE_BUFFER_EVENTS = 32;

export interface Subscriber {
  readonly streams: StreamReader;
  readonly commits: CommitSignal;
  readonly outlet: Outlet;
}

// A subscription is a cursor over the log: read what follows, send it, wait for the client when it is slow and for
// a commit at the end. No event waits in memory for a subscriber, so none can be lost or overtaken there.

/** Never returns. @throws the signal's reason; the fault of a stream that was ended for ever. */
export async function subscribeToStream(
  request: ReadRequest & { kind: 'subscribe-to-stream' },
  { streams, commits, outlet }: Subscriber,
): Promise<never> {
  const { stream, from } = request;
  // Before the confirmation: a client that has it relies on getting what is written from then on.
  let last = from === 'start' ? NO_REVISION : from === 'end' ? streams.log.lastRevision(stream) : from;
  await confirm(outlet);
  if (streams.status(stream) === 'deleted') throw streamDeleted(stream);
  let isLive = false;
  for (;;) {
    // What is live was visible when it was written, whatever the stream's metadata hide of it by now.
    const page = isLive ? streams.log.streamForwards(stream, last + 1n) : streams.forwards(stream, last + 1n);
    if (page.length > LIVE_BUFFER_EVENTS) isLive = false;
    for (const event of page) {
      last = event.revision;
      await outlet.send(encodeEvent(event, request, streams));
      if (event.revision === TOMBSTONE_REVISION) throw streamDeleted(stream);
    }
    if (page.length > 0) {
      await outlet.pass();
      continue;
    }
    if (isLive) {
      await commits.next(outlet.signal);
    } else {
      isLive = true;
      await outlet.send(caughtUp(last === NO_REVISION ? {} : { streamRevision: wireLong(last) }));
    }
  }
}

/** Never returns. @throws the signal's reason; the fault of a position that is none. */
export async function subscribeToAll(
  request: ReadRequest & { kind: 'subscribe-to-all' },
  { streams, commits, outlet }: Subscriber,
): Promise<never> {
  const { from, filter } = request;
  let last = from === 'start' ? 0n : from === 'end' ? streams.log.lastPosition : from;
  await confirm(outlet);
  if (typeof from === 'bigint') requirePlace(streams.log, from);
  let isLive = false;
  let consideredEvents = 0;
  // A subscriber that starts at the end is told nothing until there is something new.
  let checkpoint = from === 'end' ? last : 0n;
  const sendCheckpoint = async (): Promise<void> => {
    if (last === checkpoint) return;
    checkpoint = last;
    await outlet.send(ReadResp.encode({ checkpoint: positionOf(last) }));
  };
  for (;;) {
    const page = last < streams.log.lastPosition ? streams.log.allForwards(last + 1n) : [];
    if (page.length > LIVE_BUFFER_EVENTS) isLive = false;
    const shown = page.filter(({ stream }) => !isHiddenInAll(stream));
    const wanted = new Set(wantedOf(shown, filter));
    for (const event of shown) {
      last = event.position;
      if (wanted.has(event)) await outlet.send(encodeEvent(event, request, streams));
      consideredEvents += 1;
      if (filter !== null && consideredEvents % filter.checkpointIntervalEvents === 0) await sendCheckpoint();
    }
    const end = page.at(-1);
    if (end !== undefined) {
      last = end.position;
      await outlet.pass();
      continue;
    }
    if (isLive) {
      await commits.next(outlet.signal);
    } else {
      isLive = true;
      if (filter !== null) await sendCheckpoint();
      await outlet.send(caughtUp(last === 0n ? {} : { position: positionOf(last) }));
    }
  }
}

/** Where it was at the end. */
function caughtUp(place: { readonly streamRevision?: WireLong } | { readonly position?: SentPosition }): Buffer {
  return ReadResp.encode({ caughtUp: { timestamp: timeOf(Date.now()), ...place } });
}

async function confirm(outlet: Outlet): Promise<void> {
  await outlet.send(ReadResp.encode({ confirmation: { subscriptionId: randomUUID() } }));
}
