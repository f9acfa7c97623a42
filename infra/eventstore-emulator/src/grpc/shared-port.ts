import { type RequestListener, createServer as createHttpServer } from 'node:http';
import { type AddressInfo, type Server, type Socket, createServer } from 'node:net';
import { type SecureContextOptions, createServer as createTlsServer } from 'node:tls';

/** How every HTTP/2 connection begins that was agreed on beforehand, as gRPC's are. */
const HTTP2_PREFACE = Buffer.from('PRI');

/**
 * What is offered to clients over TLS, the best first. Clients of gRPC take only `h2`; whoever speaks both, as curl
 * and browsers do, is no client of gRPC.
 */
const ALPN_PROTOCOLS = ['http/1.1', 'h2'];
const HANDSHAKE_TIMEOUT_MS = 10_000;

/** One port for gRPC and for plain HTTP: a connection's first bytes say which it is, or what was agreed on in TLS. */
export class SharedPort {
  readonly #server: Server;
  /** For monitors, container runtimes and people. */
  readonly #http: ReturnType<typeof createHttpServer>;
  readonly #acceptGrpc: (socket: Socket) => void;
  readonly #sockets = new Set<Socket>();
  readonly #grpcSockets = new Set<Socket>();

  /** Without a certificate it speaks no TLS. */
  constructor(acceptGrpc: (socket: Socket) => void, answerHttp: RequestListener, certificate?: SecureContextOptions) {
    this.#acceptGrpc = acceptGrpc;
    this.#http = createHttpServer(answerHttp);
    if (certificate === undefined) {
      this.#server = createServer({ noDelay: true }, (socket) => {
        this.#track(socket);
        this.#sniff(socket);
      });
      return;
    }
    const options = { ...certificate, noDelay: true, ALPNProtocols: ALPN_PROTOCOLS, handshakeTimeout: HANDSHAKE_TIMEOUT_MS };
    const server = createTlsServer(options, (socket) => {
      this.#track(socket);
      if (socket.alpnProtocol === 'h2') this.#serveGrpc(socket);
      else this.#http.emit('connection', socket);
    });
    // Before the handshake, so that one that hangs does not keep the server from closing.
    server.on('connection', (socket: Socket) => this.#track(socket));
    server.on('tlsClientError', (_cause, socket) => socket.destroy());
    this.#server = server;
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    // A client that breaks off is not a failure.
    socket.on('error', () => socket.destroy());
  }

  #sniff(socket: Socket): void {
    let first = Buffer.alloc(0);
    const receive = (bytes: Buffer): void => {
      first = Buffer.concat([first, bytes]);
      const isUndecided = first.byteLength < HTTP2_PREFACE.byteLength && HTTP2_PREFACE.subarray(0, first.byteLength).equals(first);
      if (isUndecided) return;
      socket.off('data', receive);
      socket.pause();
      socket.unshift(first);
      if (first.subarray(0, HTTP2_PREFACE.byteLength).equals(HTTP2_PREFACE)) {
        this.#serveGrpc(socket);
        return;
      }
      this.#http.emit('connection', socket);
      socket.resume();
    };
    socket.on('data', receive);
  }

  #serveGrpc(socket: Socket): void {
    this.#grpcSockets.add(socket);
    socket.once('close', () => this.#grpcSockets.delete(socket));
    this.#acceptGrpc(socket);
  }

  /** Gives the port, which matters when 0 was asked for. @throws when the address can't be listened on. */
  listen(host: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ host, port }, () => {
        this.#server.off('error', reject);
        resolve((this.#server.address() as AddressInfo).port);
      });
    });
  }

  /** Breaks all connections of gRPC off, as a failing network does. New ones are accepted. */
  drop(): void {
    this.#grpcSockets.forEach((socket) => socket.destroy());
  }

  /** Accepts nobody any more and resolves when everybody has left, or was thrown out because time was up. */
  close(timeoutMs: number): Promise<void> {
    this.#http.closeAllConnections();
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#sockets.forEach((socket) => socket.destroy()), timeoutMs);
      this.#server.close(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}
