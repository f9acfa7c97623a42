import { type RequestListener, createServer as createHttpServer } from 'node:http';
import { type AddressInfo, type Server, type Socket, createServer } from 'node:net';

/** How every HTTP/2 connection begins that was agreed on beforehand, as gRPC's are. */
const HTTP2_PREFACE = Buffer.from('PRI');

/** One port for gRPC and for plain HTTP: a connection's first bytes say which it is. */
export class SharedPort {
  readonly #server: Server;
  /** For what monitors, container runtimes and people speak. */
  readonly #http: ReturnType<typeof createHttpServer>;
  readonly #sockets = new Set<Socket>();
  readonly #grpcSockets = new Set<Socket>();

  constructor(acceptGrpc: (socket: Socket) => void, answerHttp: RequestListener) {
    this.#http = createHttpServer(answerHttp);
    this.#server = createServer({ noDelay: true }, (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      // A client that breaks off is nobody's failure.
      socket.on('error', () => socket.destroy());
      socket.once('data', (bytes: Buffer) => {
        socket.pause();
        socket.unshift(bytes);
        if (bytes.subarray(0, HTTP2_PREFACE.byteLength).equals(HTTP2_PREFACE)) {
          this.#grpcSockets.add(socket);
          socket.once('close', () => this.#grpcSockets.delete(socket));
          acceptGrpc(socket);
          return;
        }
        this.#http.emit('connection', socket);
        socket.resume();
      });
    });
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
