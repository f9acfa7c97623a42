import { type ChannelOptions, Client, credentials, type ClientDuplexStream, type ClientReadableStream, type ClientWritableStream } from '@grpc/grpc-js';
import { Message } from '../src/protocol/wire.ts';

type Answers = Readonly<Record<string, unknown>>;

const same = (bytes: Buffer): Buffer => bytes;

/** Calls as no client library makes them: any bytes, any order. */
export class RawClient {
  readonly #client: Client;

  constructor(port: number, host = '127.0.0.1', options: ChannelOptions = {}) {
    // Otherwise all clients of a process share one connection to a server.
    this.#client = new Client(`${host}:${port}`, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1, ...options });
  }

  unary(path: string, request: Buffer): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(path, same, same, request, (error, answer) => (error === null ? resolve(answer!) : reject(error)));
    });
  }

  serverStream(path: string, request: Buffer): ClientReadableStream<Buffer> {
    return this.#client.makeServerStreamRequest(path, same, same, request);
  }

  clientStream(path: string): { readonly call: ClientWritableStream<Buffer>; readonly answer: Promise<Buffer> } {
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    const call = this.#client.makeClientStreamRequest(path, same, same, (error, answer) => (error === null ? resolve(answer!) : reject(error)));
    call.on('error', () => {});
    return { call, answer: promise };
  }

  duplex(path: string): ClientDuplexStream<Buffer, Buffer> {
    return this.#client.makeBidiStreamRequest(path, same, same);
  }

  close(): void {
    this.#client.close();
  }
}

/** A message from both sides: tests encode what the server decodes. */
export function wireMessage(name: string): Message<Answers, Answers> {
  return new Message(`event_store.client.${name}`);
}

export const STREAMS = '/event_store.client.streams.Streams';
