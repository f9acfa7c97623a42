import { type Server as HttpServer, createServer as createHttpServer } from 'node:http';
import { type AddressInfo, type Server as NetServer, type Socket, createServer } from 'node:net';

/** How every HTTP/2 connection begins that was agreed on beforehand, as gRPC's are. */
const HTTP2_PREFACE = Buffer.from('PRI');

/** Plain HTTP, which monitors and container runtimes speak, on the port of the gRPC clients. */
function createHealthServer(): HttpServer {
  return createHttpServer((request, response) => {
    const isHealth = request.url === '/health/live' && (request.method === 'GET' || request.method === 'HEAD');
    response.writeHead(isHealth ? 204 : 404).end();
  });
}

/** A connection goes to gRPC or to plain HTTP, as its first bytes say. */
export function createSharedServer(acceptGrpc: (socket: Socket) => void): NetServer {
  const health = createHealthServer();
  return createServer({ noDelay: true }, (socket) => {
    // A client that leaves before it said anything is nobody's failure.
    const ignore = (): void => {};
    socket.on('error', ignore);
    socket.once('data', (bytes: Buffer) => {
      socket.pause();
      socket.unshift(bytes);
      if (bytes.subarray(0, HTTP2_PREFACE.byteLength).equals(HTTP2_PREFACE)) {
        acceptGrpc(socket);
        return;
      }
      health.emit('connection', socket);
      socket.resume();
    });
  });
}

/** @throws when the address can't be listened on. */
export function listen(server: NetServer, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}
