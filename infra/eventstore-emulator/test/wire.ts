import {
  type ChannelOptions,
  Client,
  Metadata,
  credentials,
  type ClientDuplexStream,
  type ClientReadableStream,
  type ClientWritableStream,
} from '@grpc/grpc-js';
import { Message, wireLong } from '../src/protocol/wire.ts';

type Answers = Readonly<Record<string, unknown>>;

const same = (bytes: Buffer): Buffer => bytes;

export interface Secured {
  /** Whom to trust; without it there is no TLS. */
  readonly ca?: Buffer;
  /** What every call says of its caller. */
  readonly authorization?: string;
}

export const basic = (login: string, password: string): string => `Basic ${Buffer.from(`${login}:${password}`).toString('base64')}`;

/** Calls as no client library makes them: any bytes, any order. */
export class RawClient {
  readonly #client: Client;
  readonly #metadata = new Metadata();

  constructor(port: number, host = '127.0.0.1', { ca, authorization }: Secured = {}, options: ChannelOptions = {}) {
    const channel = ca === undefined ? credentials.createInsecure() : credentials.createSsl(ca);
    // Otherwise all clients of a process share one connection to a server.
    this.#client = new Client(`${host}:${port}`, channel, { 'grpc.use_local_subchannel_pool': 1, ...options });
    if (authorization !== undefined) this.#metadata.set('authorization', authorization);
  }

  unary(path: string, request: Buffer): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(path, same, same, request, this.#metadata, (error, answer) =>
        error === null ? resolve(answer!) : reject(error),
      );
    });
  }

  serverStream(path: string, request: Buffer): ClientReadableStream<Buffer> {
    return this.#client.makeServerStreamRequest(path, same, same, request, this.#metadata);
  }

  clientStream(path: string): { readonly call: ClientWritableStream<Buffer>; readonly answer: Promise<Buffer> } {
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    const call = this.#client.makeClientStreamRequest(path, same, same, this.#metadata, (error, answer) =>
      error === null ? resolve(answer!) : reject(error),
    );
    call.on('error', () => {});
    return { call, answer: promise };
  }

  duplex(path: string): ClientDuplexStream<Buffer, Buffer> {
    return this.#client.makeBidiStreamRequest(path, same, same, this.#metadata);
  }

  close(): void {
    this.#client.close();
  }
}

/** A message from both sides: tests encode what the server decodes. */
export function wireMessage(name: string): Message<Answers, Answers> {
  return new Message(`event_store.client.${name}`);
}

/** Bytes that no message can be: a length that goes beyond the end. */
export const MALFORMED = Buffer.from('0a05ff', 'hex');

/** 2^63, which no revision or position can be, and 2^64 - 1, which stands for -1. */
export const TOO_LARGE = wireLong(2n ** 63n);
export const LARGEST = wireLong(2n ** 64n - 1n);

export const STREAMS = '/event_store.client.streams.Streams';
