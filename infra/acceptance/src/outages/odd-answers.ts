import { type Http2Server, type OutgoingHttpHeaders, createServer } from 'node:http2';
import type { Socket } from 'node:net';
import type { Fault } from './fault-proxy.ts';

/** Everything that services reach over a network, by the name that readiness gives it. */
export const dependencies = ['eventstore', 'kafka', 'postgres', 'schema-registry', 'personal-data', 'payment-provider'] as const;
export type Dependency = (typeof dependencies)[number];

const HTML = '<!doctype html><title>Welcome</title><h1>It works!</h1>';
const PAUSE_BEFORE_CUT_MS = 20;

const answered = (by: (socket: Socket) => void): Fault => ({ kind: 'answered', by });
/** Sent once the client has said something: some clients speak first, and would miss what came before. */
const onFirstWord = (say: (socket: Socket) => void): Fault => answered((socket) => void socket.once('data', () => say(socket)));

const everywhere: Readonly<Record<string, Fault>> = {
  refused: { kind: 'refused' },
  reset: answered((socket) => void socket.resetAndDestroy()),
  silent: { kind: 'silent' },
  'closed at once': answered((socket) => void socket.end()),
  // A server that wants TLS and gets something else: alert, fatal, handshake failure.
  'TLS failure': onFirstWord((socket) => void socket.end(Buffer.from([0x15, 3, 1, 0, 2, 2, 40]))),
  'HTML with 200': onFirstWord((socket) => void socket.end(http1('200 OK', 'text/html', HTML))),
};

const overHttp: Readonly<Record<string, Fault>> = {
  'empty 200': onFirstWord((socket) => void socket.end(http1('200 OK', 'application/json', ''))),
  '{} with 200': onFirstWord((socket) => void socket.end(http1('200 OK', 'application/json', '{}'))),
  '401': onFirstWord((socket) => void socket.end(http1('401 Unauthorized', 'application/json', '{"error_code":40101}'))),
  '403': onFirstWord((socket) => void socket.end(http1('403 Forbidden', 'text/html', HTML))),
  '404 of a proxy': onFirstWord((socket) => void socket.end(http1('404 Not Found', 'text/html', HTML))),
  '429': onFirstWord((socket) => void socket.end(http1('429 Too Many Requests', 'text/plain', 'slow down'))),
  '500': onFirstWord((socket) => void socket.end(http1('500 Internal Server Error', 'application/json', '{"error_code":50001}'))),
  '502 with text': onFirstWord((socket) => void socket.end(http1('502 Bad Gateway', 'text/plain', 'no upstream'))),
  'an answer that breaks off': onFirstWord((socket) => void socket.end(http1('200 OK', 'application/json', '{"schema"', 500))),
  'wrong content type': onFirstWord((socket) => void socket.end(http1('200 OK', 'image/png', '{"schema":"\\"string\\""}'))),
};

const overGrpc: Readonly<Record<string, Fault>> = {
  'HTML with 200 in HTTP/2': http2({ ':status': 200, 'content-type': 'text/html' }, HTML),
  'empty 200': http2({ ':status': 200, 'content-type': 'application/grpc' }, ''),
  '401': http2({ ':status': 401, 'content-type': 'text/plain' }, 'who are you?'),
  '403': http2({ ':status': 403, 'content-type': 'text/html' }, HTML),
  '429': http2({ ':status': 429, 'content-type': 'text/plain' }, 'slow down'),
  '500': http2({ ':status': 500, 'content-type': 'text/plain' }, 'oh'),
  '502 with text': http2({ ':status': 502, 'content-type': 'text/plain' }, 'no upstream'),
  'wrong content type': http2({ ':status': 200, 'content-type': 'application/json' }, '{}'),
  'INTERNAL of gRPC': http2({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '13', 'grpc-message': 'oh' }, ''),
  'UNIMPLEMENTED of gRPC': http2({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '12' }, ''),
  'an answer that breaks off': http2({ ':status': 200, 'content-type': 'application/grpc' }, '\0\0\0\x01\xf4half of', true),
};

const fromKafka: Readonly<Record<string, Fault>> = {
  // Five hundred bytes are announced, and nine come.
  'an answer that breaks off': onFirstWord((socket) => void socket.end(Buffer.from([0, 0, 1, 0xf4, 0, 0, 0, 0, 0, 0, 0, 0, 0]))),
};

const fromPostgres: Readonly<Record<string, Fault>> = {
  'starting up': refusal('57P03', 'the database system is starting up'),
  'too many clients': refusal('53300', 'sorry, too many clients already'),
  'wrong password': refusal('28P01', 'password authentication failed'),
  'no such database': refusal('3D000', 'database does not exist'),
  'an answer that breaks off': onFirstWord((socket) => void socket.end(Buffer.from([0x52, 0, 0, 1, 0xf4, 0, 0]))),
};

/** Every odd answer that the clients of a dependency can be given. */
export const oddAnswers: Readonly<Record<Dependency, Readonly<Record<string, Fault>>>> = {
  eventstore: { ...everywhere, ...overGrpc },
  kafka: { ...everywhere, ...fromKafka },
  postgres: { ...everywhere, ...fromPostgres },
  'personal-data': { ...everywhere, ...fromPostgres },
  'schema-registry': { ...everywhere, ...overHttp },
  'payment-provider': { ...everywhere, ...overHttp },
};

function http1(status: string, contentType: string, body: string, contentLength = Buffer.byteLength(body)): string {
  return `HTTP/1.1 ${status}\r\ncontent-type: ${contentType}\r\ncontent-length: ${contentLength}\r\nconnection: close\r\n\r\n${body}`;
}

/** @param breaksOff without the end of the answer. */
function http2(headers: OutgoingHttpHeaders, body: string, breaksOff = false): Fault {
  const server: Http2Server = createServer();
  server.on('stream', (stream) => {
    stream.on('error', () => {});
    stream.respond(headers);
    if (!breaksOff) stream.end(Buffer.from(body, 'latin1'));
    else stream.write(Buffer.from(body, 'latin1'), () => setTimeout(() => stream.session?.socket.destroy(), PAUSE_BEFORE_CUT_MS));
  });
  server.on('sessionError', () => {});
  return answered((socket) => void server.emit('connection', socket));
}

/** Postgres's answer to a client that it does not want. */
function refusal(code: string, message: string): Fault {
  const fields = `SFATAL\0VFATAL\0C${code}\0M${message}\0\0`;
  const bytes = Buffer.alloc(5 + fields.length);
  bytes.write('E');
  bytes.writeInt32BE(4 + fields.length, 1);
  bytes.write(fields, 5);
  return onFirstWord((socket) => void socket.end(bytes));
}
