import { EventStoreDBClient } from '@eventstore/db-client';
import rpc, { type StreamsClient } from '@eventstore/db-client/generated/streams_grpc_pb.js';
import type { BatchAppendReq, BatchAppendResp, ReadReq, ReadResp } from '@eventstore/db-client/generated/streams_pb.js';
import type { CallOptions, Channel, ClientReadableStream, Metadata } from '@grpc/grpc-js';
import { StoreUnavailable } from '@orderstream/event-sourcing';
import { AppendStream } from './append-stream.ts';
import { faultOf } from './faults.ts';
import { within } from './within.ts';

/** What is used of the client, beside its messages; it declares them as protected. */
interface Connector {
  /** Discovers the node to speak to, when the URL names a cluster. */
  getChannel(): Promise<Channel>;
  /** The name of the connection, and its credentials. */
  callArguments(options: object, callOptions: CallOptions): [Metadata, CallOptions];
}

/** Each has a caller that waits for its answer; any more are refused at once, since they would wait in vain. */
const MOST_APPENDING = 1_024;

export interface ReadLimits {
  /** To the first message, and to each that follows; the time that the reader takes does not count. */
  readonly withinMs: number;
  /** After its first message a subscription may be silent for as long as nothing happens. */
  readonly isEndless?: boolean;
  readonly signal?: AbortSignal;
}

/**
 * Calls to the store: each ends within its limit, and its faults are the port's. The client finds the node, makes
 * the channel and has the messages, but its own calls are not used: ADR 15 says why.
 *
 * After an outage the next call has a new channel, whatever the fault was; those in hand keep theirs.
 */
export class Connection {
  readonly #url: string;
  readonly #reads = new Set<ClientReadableStream<ReadResp>>();
  #link: Link | null = null;
  #connecting: Promise<Link> | null = null;
  #appending = 0;
  #isClosed = false;

  /** @throws when it is no connection string. */
  constructor(url: string) {
    EventStoreDBClient.connectionString(url);
    this.#url = url;
  }

  /** What the store sends, until it has sent all. A reader that leaves early ends the call. */
  async *read(request: ReadReq, limits: ReadLimits): AsyncGenerator<ReadResp> {
    const link = await this.#linked(limits);
    try {
      yield* this.#messages(link, request, limits);
    } catch (error) {
      throw limits.signal?.aborted === true ? faultOf(error) : this.#faultOn(link, error);
    }
  }

  /** @param requests all of one append, whose id is `id`. */
  async append(id: string, requests: readonly BatchAppendReq[], withinMs: number): Promise<BatchAppendResp> {
    if (this.#appending === MOST_APPENDING)
      throw new StoreUnavailable(`eventstore does not answer: ${MOST_APPENDING} appends wait already`);
    this.#appending++;
    try {
      const link = await this.#linked({ withinMs });
      return await link.append(id, requests, withinMs).catch((error: unknown) => {
        throw this.#faultOn(link, error);
      });
    } finally {
      this.#appending--;
    }
  }

  /** Breaks off the calls in hand. */
  close(): void {
    this.#isClosed = true;
    for (const call of this.#reads) call.cancel();
    this.#link?.cancel();
  }

  async *#messages(link: Link, request: ReadReq, { withinMs, isEndless, signal }: ReadLimits): AsyncGenerator<ReadResp> {
    const call = link.read(request);
    let isWithReader = false;
    let isOver = false;
    const silence = setTimeout(() => {
      if (isWithReader) silence.refresh();
      else call.destroy(new StoreUnavailable(`eventstore does not answer within ${withinMs} ms`));
    }, withinMs);
    const stop = (): void => void call.destroy();
    // Once the reader has left, nobody needs the call's errors.
    call.on('error', () => {});
    signal?.addEventListener('abort', stop);
    if (signal?.aborted === true) stop();
    this.#reads.add(call);
    try {
      for await (const message of call as AsyncIterable<ReadResp>) {
        isWithReader = true;
        yield message;
        isWithReader = false;
        if (isEndless === true) clearTimeout(silence);
        else silence.refresh();
      }
      isOver = true;
    } finally {
      clearTimeout(silence);
      signal?.removeEventListener('abort', stop);
      this.#reads.delete(call);
      // What the server has ended is left alone: each call cancelled then is an HTTP/2 stream reset, and a
      // server closes the connection of a client that resets many, with every other call on it.
      if (!isOver) call.cancel();
    }
  }

  async #linked({ withinMs, signal }: ReadLimits): Promise<Link> {
    if (this.#isClosed) throw new StoreUnavailable('the connection to eventstore is closed');
    if (this.#link !== null) return this.#link;
    // One at a time: asking a cluster of silent nodes takes minutes.
    this.#connecting ??= this.#connect().finally(() => (this.#connecting = null));
    try {
      return await within(withinMs, this.#connecting, signal);
    } catch (error) {
      throw faultOf(error);
    }
  }

  async #connect(): Promise<Link> {
    const connector = EventStoreDBClient.connectionString(this.#url) as unknown as Connector;
    const link = new Link(connector, await connector.getChannel());
    if (this.#isClosed) link.cancel();
    this.#link = link;
    return link;
  }

  #faultOn(link: Link, error: unknown): unknown {
    const fault = faultOf(error);
    if (!(fault instanceof StoreUnavailable)) return fault;
    link.close();
    if (this.#link === link) this.#link = null;
    return fault;
  }
}

/** One channel, with what is called over it. */
class Link {
  readonly #connector: Connector;
  readonly #channel: Channel;
  readonly #rpc: StreamsClient;
  #appends: AppendStream | null = null;

  constructor(connector: Connector, channel: Channel) {
    this.#connector = connector;
    this.#channel = channel;
    this.#rpc = new rpc.StreamsClient('', null as never, { channelOverride: channel });
  }

  read(request: ReadReq): ClientReadableStream<ReadResp> {
    return this.#rpc.read(request, ...this.#arguments());
  }

  async append(id: string, requests: readonly BatchAppendReq[], withinMs: number): Promise<BatchAppendResp> {
    if (this.#appends?.isOpen !== true) this.#appends = new AppendStream(this.#rpc.batchAppend(...this.#arguments()));
    return this.#appends.append(id, requests, withinMs);
  }

  /** Takes no more calls; those in hand go on. */
  close(): void {
    this.#appends?.retire();
    this.#channel.close();
  }

  cancel(): void {
    this.#appends?.cancel();
    this.#channel.close();
  }

  /** Without a deadline of the client's, which would be one for the whole of a call that may go on for ever. */
  #arguments(): [Metadata, CallOptions] {
    return this.#connector.callArguments({}, { deadline: Infinity });
  }
}
