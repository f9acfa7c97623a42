import { status } from '@grpc/grpc-js';
import { RpcFault, streamDeleted } from '../errors.ts';
import type { EventRecord } from '../log/record.ts';
import { ReadResp } from '../protocol/messages.ts';
import { identifierOf } from '../protocol/values.ts';
import { wireLong } from '../protocol/wire.ts';
import type { StreamReader } from '../streams/stream-reader.ts';
import { wantedOf } from './all-filter.ts';
import { requirePlace } from './all-position.ts';
import type { Outlet } from './calls.ts';
import { encodeEvent } from './event-encoding.ts';
import { END, type ReadRequest } from './read-request.ts';

/** Answers a read of a stream. */
export async function readStream(request: ReadRequest & { kind: 'read-stream' }, streams: StreamReader, outlet: Outlet): Promise<void> {
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
  const nextPage = (limit: number): EventRecord[] | null => {
    const page = backwards ? streams.backwards(stream, next, limit) : streams.forwards(stream, next, limit);
    return page.length === 0 ? null : page;
  };
  await sendPages(nextPage, count, outlet, (event) => {
    next = backwards ? event.revision - 1n : event.revision + 1n;
    return outlet.send(encodeEvent(event, request, streams));
  });
  if (!sendBounds) return;
  const first = streams.firstRevision(stream);
  const isEmpty = next === start;
  if (!backwards && isEmpty && first !== start) await outlet.send(ReadResp.encode({ firstStreamPosition: wireLong(first) }));
  await outlet.send(ReadResp.encode({ lastStreamPosition: wireLong(streams.log.lastRevision(stream)) }));
}

/** Answers a read of all streams. @throws RpcFault when there is nothing to start from. */
export async function readAll(request: ReadRequest & { kind: 'read-all' }, streams: StreamReader, outlet: Outlet): Promise<void> {
  const { from, backwards, count, filter } = request;
  if (typeof from === 'bigint') {
    if (backwards && from > streams.log.lastPosition)
      throw new RpcFault(status.UNKNOWN, `Unexpected ${filter === null ? '' : 'Filtered'}ReadAllResult: Error`);
    requirePlace(streams.log, from);
  }
  let next = from === 'start' ? 0n : from === 'end' ? END : from;
  const nextPage = (limit: number): EventRecord[] => {
    const pageLimit = filter === null ? limit : undefined;
    return backwards ? streams.log.allBackwards(next, pageLimit) : streams.log.allForwards(next, pageLimit);
  };
  const nextWanted = (limit: number): EventRecord[] | null => {
    const page = nextPage(limit);
    const end = page.at(-1);
    if (end === undefined) return null;
    next = backwards ? end.position : end.position + 1n;
    return wantedOf(page, filter);
  };
  await sendPages(nextWanted, count, outlet, (event) => outlet.send(encodeEvent(event, request, streams)));
}

const LARGEST_LIMIT = 1_000_000n;

/** Goes through pages until there are no more or `count` events were sent. A page may be empty. */
async function sendPages(
  nextPage: (limit: number) => EventRecord[] | null,
  count: bigint,
  outlet: Outlet,
  send: (event: EventRecord) => Promise<void>,
): Promise<void> {
  let left = count;
  while (left > 0n) {
    const page = nextPage(Number(left < LARGEST_LIMIT ? left : LARGEST_LIMIT));
    if (page === null) return;
    for (const event of page) {
      if (left === 0n) return;
      await send(event);
      left -= 1n;
    }
    await outlet.pass();
  }
}
