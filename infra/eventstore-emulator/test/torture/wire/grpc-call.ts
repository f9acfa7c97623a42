import { type ClientHttp2Session, type IncomingHttpHeaders, constants } from 'node:http2';
import { setTimeout as after } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import type { Random } from '../random.ts';
import { Hangs, LIMIT_MS } from './hangs.ts';
import { message } from './messages.ts';
import { METHODS } from './methods.ts';

const OPEN_MS = 250;

export interface Ended {
  readonly what: string;
  /** null: the client broke it off. */
  readonly status: number | null;
  readonly details: string;
  readonly exception: string;
  /** Below gRPC, so that the transport may call it whatever it likes. */
  readonly isMisframed: boolean;
}

export interface Connected {
  readonly session: ClientHttp2Session;
  /** Resolves when the server has closed it, or said that it will. */
  readonly gone: Promise<'closed'>;
}

interface Body {
  readonly what: string;
  readonly chunks: readonly Buffer[];
  readonly isMisframed: boolean;
}

function framed(bytes: Buffer, flag = 0, length = bytes.byteLength): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt8(flag, 0);
  prefix.writeUInt32BE(length, 1);
  return Buffer.concat([prefix, bytes]);
}

function bodyOf(random: Random, messages: readonly Buffer[]): Body {
  if (random.chance(0.85))
    return { what: `${messages.length} messages`, chunks: messages.map((bytes) => framed(bytes)), isMisframed: false };
  const first = messages[0] ?? Buffer.alloc(0);
  const [what, chunk] = random.pick<() => readonly [string, Buffer]>([
    () => ['a compressed flag without compression', framed(first, 1)],
    () => ['a flag that is none', framed(first, 2 + random.below(254))],
    () => ['a length that is too large', framed(first, 0, first.byteLength + 1 + random.below(1000))],
    () => ['a length beyond every limit', framed(first, 0, 0xffff_ffff)],
    () => ['a length that is too small', framed(first, 0, Math.max(0, first.byteLength - 1 - random.below(3)))],
    () => ['half a prefix', framed(first).subarray(0, random.below(5))],
    () => ['half a message', framed(first).subarray(0, 5 + random.below(first.byteLength + 1))],
    () => ['compressed bytes', framed(gzipSync(first), 1)],
    () => ['a compressed bomb', framed(gzipSync(Buffer.alloc(30 * 1024 * 1024)), 1)],
    () => ['noise', random.bytes(1 + random.below(200))],
  ])();
  return { what, chunks: [chunk], isMisframed: true };
}

function headersOf(random: Random, path: string) {
  const usual = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers', 'connection-name': 'fuzz' };
  if (random.chance(0.92)) return usual;
  return {
    ...usual,
    ...random.pick<Record<string, string>>([
      { 'grpc-encoding': 'gzip' },
      { 'grpc-encoding': 'no-such-encoding' },
      { 'grpc-timeout': '1n' },
      { 'grpc-timeout': 'junk' },
      { 'grpc-timeout': '99999999H' },
      { 'content-type': 'text/plain' },
      { 'content-type': 'application/grpc+json' },
      { authorization: 'Basic !!!' },
      { 'requires-leader': 'true' },
      { ':path': `${path}/more` },
      { ':path': '/' },
      { 'x-bin': '!' },
    ]),
  };
}

/** One call that chance makes, from its first byte to its end. @throws Hangs. */
export async function grpcCall({ session, gone }: Connected, random: Random): Promise<Ended> {
  const method = random.pick(METHODS);
  const count = method.takesStream ? random.below(7) : random.chance(0.95) ? 1 : random.below(4);
  const messages = Array.from({ length: count }, (_, n) =>
    method.request === undefined ? random.bytes(random.below(20)) : message(random, method.request, n === 0),
  );
  const { what, chunks, isMisframed } = bodyOf(random, messages);
  const headers = headersOf(random, method.path);
  const isLeftOpen = random.chance(0.1);
  const breaksOff = random.chance(0.1);
  const told = `${headers[':path']} with ${what}${isLeftOpen ? ', left open' : ''}${breaksOff ? ', broken off' : ''}`;
  const call = session.request(headers);
  let trailers: IncomingHttpHeaders = {};
  call.on('error', () => {});
  call.on('response', (received) => (trailers = { ...trailers, ...received }));
  call.on('trailers', (received) => (trailers = { ...trailers, ...received }));
  call.on('data', () => {});
  // A call that is made while the server says goodbye to its connection is never even begun.
  const closed = Promise.race([new Promise<'closed'>((resolve) => call.once('close', () => resolve('closed'))), gone]);
  for (const chunk of chunks) call.write(chunk);
  if (!isLeftOpen) call.end();
  const mayStayOpen = isLeftOpen || breaksOff || method.isOpenEnded;
  if (breaksOff) call.close(constants.NGHTTP2_CANCEL);
  const end = await Promise.race([closed, after(mayStayOpen ? OPEN_MS : LIMIT_MS, 'open' as const, { ref: false })]);
  if (end === 'open' && !mayStayOpen) throw new Hangs(told);
  // What the client itself ends is over for it, whether or not Node.js says so.
  if (end === 'open') call.close(constants.NGHTTP2_CANCEL);
  const status = trailers['grpc-status'];
  const isRefused = trailers[':status'] !== undefined && String(trailers[':status']) !== '200';
  return {
    what: told,
    status: typeof status === 'string' ? Number(status) : null,
    details: decodeURIComponent(String(trailers['grpc-message'] ?? '')),
    exception: String(trailers['exception'] ?? ''),
    isMisframed:
      isMisframed ||
      isRefused ||
      isLeftOpen ||
      headers['content-type'] !== 'application/grpc' ||
      'grpc-encoding' in headers ||
      'grpc-timeout' in headers,
  };
}
