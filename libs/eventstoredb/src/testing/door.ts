import {
  createServer as createHttp2,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
  connect as connectHttp2,
} from 'node:http2';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** What becomes of a connection. */
export type Manner = (socket: Socket) => void;

/** Stands between a client and the store on a port of its own, and answers in any manner. */
export class Door {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #target: URL;
  #manner: Manner;
  #port = 0;

  constructor(target: string) {
    this.#target = new URL(target);
    this.#manner = this.#through;
    this.#server = createServer((socket) => {
      this.#keep(socket);
      this.#manner(socket);
    });
  }

  /** @param settings further ones of the connection string. */
  async open(settings = ''): Promise<string> {
    await this.#listen();
    return `esdb://127.0.0.1:${this.#port}?tls=false${settings}`;
  }

  get port(): number {
    return this.#port;
  }

  /** From now on; connections that are there are cut off. `through`: to the store, `refused`: nobody listens. */
  async be(manner: Manner | 'through' | 'refused'): Promise<void> {
    this.#cut();
    if (manner === 'refused') {
      await this.close();
      return;
    }
    this.#manner = manner === 'through' ? this.#through : manner;
    if (!this.#server.listening) await this.#listen();
  }

  /** Nothing is passed on any more, in either direction, and nothing is closed: as with a stopped process. */
  freeze(): void {
    this.#manner = silent;
    for (const socket of this.#sockets) socket.unpipe().pause();
  }

  async close(): Promise<void> {
    this.#cut();
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve));
  }

  async #listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  #cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => {}).on('close', () => this.#sockets.delete(socket));
  }

  readonly #through: Manner = (inner) => {
    const outer = connect(Number(this.#target.port), this.#target.hostname);
    this.#keep(outer);
    for (const [from, to] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      from.on('close', () => to.destroy());
      from.pipe(to);
    }
  };

  /** Reads go to the store, appends are answered with this gRPC status. */
  refusingAppends(status: number, text: string): Manner {
    return http2((stream, headers) => {
      if (headers[':path']?.endsWith('/BatchAppend') === true) {
        grpcStatus(status, text)(stream, headers);
        return;
      }
      const session = connectHttp2(`http://${this.#target.host}`);
      session.on('error', () => stream.close());
      const outgoing = session.request(headers);
      outgoing.on('response', (response) => stream.respond(response, { waitForTrailers: true }));
      let trailers: IncomingHttpHeaders = {};
      outgoing.on('trailers', (received) => (trailers = received));
      stream.on('wantTrailers', () => stream.sendTrailers(trailers)).on('close', () => session.close());
      stream.pipe(outgoing).pipe(stream);
    });
  }
}

export const silent: Manner = () => {};
export const resetting: Manner = (socket) => void socket.resetAndDestroy();

/** Answers the first bytes with these. */
export function saying(bytes: string | Buffer): Manner {
  return (socket) => void socket.once('data', () => socket.end(bytes));
}

type Answer = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

export function http2(answer: Answer): Manner {
  const server: Http2Server = createHttp2();
  server.on('sessionError', () => {});
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    answer(stream, headers);
  });
  return (socket) => void server.emit('connection', socket);
}

/** A proxy's page. */
export function page(status: number, contentType = 'text/html'): Answer {
  return (stream) => {
    stream.respond({ ':status': status, 'content-type': contentType });
    stream.end('<html><body>Something is wrong</body></html>');
  };
}

/** An answer of headers alone, which tells gRPC of a fault. */
export function grpcStatus(status: number, text: string, further: Record<string, string> = {}): Answer {
  return (stream) => {
    stream.respond(
      { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': status, 'grpc-message': text, ...further },
      { endStream: true },
    );
  };
}

/** The beginning of a gRPC answer; then `next`. */
export function begun(next: (stream: ServerHttp2Stream) => void): Answer {
  return (stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
    // A message of 500 bytes, of which nine come.
    stream.write(Buffer.from([0, 0, 0, 1, 244, 10, 20, 30, 40]), () => next(stream));
  };
}
