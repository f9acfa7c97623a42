import shared from '@eventstore/db-client/generated/shared_pb.js';
import streams, { type BatchAppendReq, type ReadReq } from '@eventstore/db-client/generated/streams_pb.js';
import type { EventToAppend, ExpectedRevision } from '@orderstream/event-sourcing';

/** A server takes no larger message, and refuses by itself an append that is larger as a whole. */
const MOST_BYTES_A_CHUNK = 3 * 1024 * 1024;
/** A checkpoint after this many times 32 events that the server looked at. */
const CHECKPOINT_INTERVAL = 32;
const NO_LIMIT = String(Number.MAX_SAFE_INTEGER);
const { FORWARDS, BACKWARDS } = streams.ReadReq.Options.ReadDirection;

/** A stream's events upwards, or the last one alone. */
export function streamRequest(stream: string, from: number | 'last'): ReadReq {
  const place = new streams.ReadReq.Options.StreamOptions().setStreamIdentifier(identifierOf(stream));
  const options = readOptions().setStream(place);
  if (from === 'last') {
    place.setEnd(new shared.Empty());
    options.setReadDirection(BACKWARDS).setCount('1');
  } else {
    place.setRevision(String(from));
    options.setCount(NO_LIMIT);
  }
  return new streams.ReadReq().setOptions(options.setNoFilter(new shared.Empty()));
}

/** Every event of every stream, from the last one down. */
export function allBackwardsRequest(): ReadReq {
  const options = readOptions()
    .setAll(new streams.ReadReq.Options.AllOptions().setEnd(new shared.Empty()))
    .setReadDirection(BACKWARDS)
    .setCount(NO_LIMIT)
    .setNoFilter(new shared.Empty());
  return new streams.ReadReq().setOptions(options);
}

/** What is behind the position, and what comes, of streams named `{category}-…`. */
export function subscriptionRequest(from: bigint | 'start', categories: readonly string[]): ReadReq {
  const all = new streams.ReadReq.Options.AllOptions();
  if (from === 'start') all.setStart(new shared.Empty());
  else all.setPosition(new streams.ReadReq.Options.Position().setCommitPosition(String(from)).setPreparePosition(String(from)));
  const prefixes = categories.map((category) => `${category}-`);
  const filter = new streams.ReadReq.Options.FilterOptions()
    .setStreamIdentifier(new streams.ReadReq.Options.FilterOptions.Expression().setPrefixList(prefixes))
    .setCount(new shared.Empty())
    .setCheckpointintervalmultiplier(CHECKPOINT_INTERVAL);
  const options = readOptions().setAll(all).setSubscription(new streams.ReadReq.Options.SubscriptionOptions()).setFilter(filter);
  return new streams.ReadReq().setOptions(options);
}

/**
 * One append in as many messages as it needs. It names no deadline: the client's clock is not the
 * server's, which has a limit of its own.
 */
export function appendRequests(id: string, stream: string, events: readonly EventToAppend[], expected: ExpectedRevision): BatchAppendReq[] {
  const options = new streams.BatchAppendReq.Options().setStreamIdentifier(identifierOf(stream));
  if (expected === 'no_stream') options.setNoStream(new shared.Empty());
  else options.setStreamPosition(String(expected));
  let chunk = new streams.BatchAppendReq().setCorrelationId(new shared.UUID().setString(id)).setOptions(options);
  const chunks = [chunk];
  let bytes = 0;
  for (const event of events) {
    const data = Buffer.from(JSON.stringify(event.event.data));
    const metadata = Buffer.from(JSON.stringify(event.metadata));
    bytes += data.length + metadata.length;
    if (bytes > MOST_BYTES_A_CHUNK && chunk.getProposedMessagesList().length > 0) {
      chunk = new streams.BatchAppendReq().setCorrelationId(new shared.UUID().setString(id));
      chunks.push(chunk);
      bytes = data.length + metadata.length;
    }
    const proposed = new streams.BatchAppendReq.ProposedMessage()
      .setId(new shared.UUID().setString(event.id))
      .setData(data)
      .setCustomMetadata(metadata);
    // JSON in the store, so that its own tools and projections can read it.
    proposed.getMetadataMap().set('type', event.event.type).set('content-type', 'application/json');
    chunk.addProposedMessages(proposed);
  }
  chunk.setIsFinal(true);
  return chunks;
}

function readOptions(): ReadReq.Options {
  const ids = new streams.ReadReq.Options.UUIDOption().setString(new shared.Empty());
  return new streams.ReadReq.Options().setReadDirection(FORWARDS).setUuidOption(ids);
}

function identifierOf(stream: string) {
  return new shared.StreamIdentifier().setStreamName(Buffer.from(stream));
}
