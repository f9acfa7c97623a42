import { type Server as HttpServer, createServer as createHttpServer } from 'node:http';
import { type AddressInfo, type Server, type Socket, createServer } from 'node:net';

/** How every HTTP/2 connection begins that was agreed on beforehand, as gRPC's are. */
const HTTP2_PREFACE = Buffer.from('PRI');

/** Plain HTTP, which monitors and container runtimes speak, on the port of the gRPC clients. */
function createHealthServer(): HttpServer {
  return createHttpServer((request, response) => {
    const isHealth = request.url === '/health/live' && (request.method === 'GET' || request.method === 'HEAD');
    response.writeHead(isHealth ? 204 : 404).end();
  });
}

/** One port for gRPC and for plain HTTP: a connection's first bytes say which it is. */
export class SharedPort {
  readonly #server: Server;
  readonly #health = createHealthServer();
  readonly #sockets = new Set<Socket>();

  constructor(acceptGrpc: (socket: Socket) => void) {
    this.#server = createServer({ noDelay: true }, (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      // A client that breaks off is nobody's failure.
      socket.on('error', () => socket.destroy());
      socket.once('data', (bytes: Buffer) => {
        socket.pause();
        socket.unshift(bytes);
        if (bytes.subarray(0, HTTP2_PREFACE.byteLength).equals(HTTP2_PREFACE)) {
          acceptGrpc(socket);
          return;
        }
        this.#health.emit('connection', socket);
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

  /** Accepts nobody any more and resolves when everybody has left, or was thrown out because time was up. */
  close(timeoutMs: number): Promise<void> {
    this.#health.closeAllConnections();
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#sockets.forEach((socket) => socket.destroy()), timeoutMs);
      this.#server.close(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}
