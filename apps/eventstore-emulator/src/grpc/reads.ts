import { status } from '@grpc/grpc-js';
import type { EventRecord } from '../log/record.ts';
import { ReadResp } from '../protocol/messages.ts';
import { identifierOf } from '../protocol/values.ts';
import { wireLong } from '../protocol/wire.ts';
import { isHiddenInAll } from '../streams/hidden-streams.ts';
import type { StreamReader } from '../streams/stream-reader.ts';
import type { Outlet } from './calls.ts';
import { encodeEvent } from './event-encoding.ts';
import { RpcFault, streamDeleted } from './faults.ts';
import { END, type ReadRequest } from './read-request.ts';

/** Answers a read of a stream. */
export async function readStream(
  request: ReadRequest & { kind: 'read-stream' },
  streams: StreamReader,
  outlet: Outlet,
): Promise<void> {
  const { stream, from, backwards, count, sendBounds } = request;
  const found = streams.status(stream);
  if (found === 'deleted') throw streamDeleted(stream);
  if (found === 'not-found') {
    await outlet.send(ReadResp.encode({ streamNotFound: { streamIdentifier: identifierOf(stream) } }));
    return;
  }
  if (count === 0n || (from === 'end' && !backwards)) throw new RpcFault(status.UNKNOWN, 'Unexpected ReadStreamResult: Error');
  const start = from === 'start' ? 0n : from === 'end' ? END : from;
  let next = start;
  const nextPage = (limit: number): EventRecord[] =>
    backwards ? streams.backwards(stream, next, limit) : streams.forwards(stream, next, limit);
  await sendPages(nextPage, count, outlet, async (event) => {
    next = backwards ? event.revision - 1n : event.revision + 1n;
    await outlet.send(encodeEvent(event, request, streams));
    return true;
  });
  if (!sendBounds) return;
  const first = streams.firstRevision(stream);
  const isEmpty = next === start;
  if (!backwards && isEmpty && first !== start) await outlet.send(ReadResp.encode({ firstStreamPosition: wireLong(first) }));
  await outlet.send(ReadResp.encode({ lastStreamPosition: wireLong(streams.log.lastRevision(stream)) }));
}

/** Answers a read of all streams. */
export async function readAll(request: ReadRequest & { kind: 'read-all' }, streams: StreamReader, outlet: Outlet): Promise<void> {
  const { from, backwards, count, filter } = request;
  let next = from === 'start' ? 0n : from === 'end' ? END : from;
  const nextPage = (limit: number): EventRecord[] => {
    const pageLimit = filter === null ? limit : undefined;
    return backwards ? streams.log.allBackwards(next, pageLimit) : streams.log.allForwards(next, pageLimit);
  };
  await sendPages(nextPage, count, outlet, async (event) => {
    next = backwards ? event.position : event.position + 1n;
    if (isHiddenInAll(event.stream) || (filter !== null && !filter.matches(event))) return false;
    await outlet.send(encodeEvent(event, request, streams));
    return true;
  });
}

const LARGEST_LIMIT = 1_000_000n;

/** Goes through pages until one is empty or `count` events were taken. */
async function sendPages(
  nextPage: (limit: number) => EventRecord[],
  count: bigint,
  outlet: Outlet,
  take: (event: EventRecord) => Promise<boolean>,
): Promise<void> {
  let left = count;
  while (left > 0n) {
    const page = nextPage(Number(left < LARGEST_LIMIT ? left : LARGEST_LIMIT));
    if (page.length === 0) return;
    for (const event of page) {
      if (left === 0n) return;
      if (await take(event)) left -= 1n;
    }
    await outlet.pass();
  }
}
