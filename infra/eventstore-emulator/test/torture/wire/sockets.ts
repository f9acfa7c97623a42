import { connect } from 'node:net';
import { setTimeout as after } from 'node:timers/promises';
import { hastyCall, http2Frame } from '../../hasty-call.ts';
import type { Random } from '../random.ts';
import { Hangs, LIMIT_MS } from './hangs.ts';
import { METHODS } from './methods.ts';

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const PATIENCE_MS = 200;
const LARGEST_FRAME = 16_384;

function randomFrames(random: Random): Buffer {
  const frames = Array.from({ length: 1 + random.below(30) }, () =>
    http2Frame(random.below(12), random.below(256), random.pick([0, 1, 2, 3, 5, 0x7fff_ffff, 0xffff_ffff]), random.bytes(random.below(40))),
  );
  return Buffer.concat(frames);
}

const SETTINGS = http2Frame(4, 0, 0, Buffer.alloc(0));

const HTTP = [
  'GET / HTTP/1.1\r\n\r\n',
  'GET /gossip HTTP/1.1\r\nHost: x\r\n\r\n',
  'GET /stats HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  'GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n',
  'POST /faults HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n{',
  'POST /streams/x HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n',
  'POST /info HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
  'DELETE /info HTTP/1.1\r\nHost: x\r\n\r\n',
  'GET /info HTTP/9.9\r\n\r\n',
  'GET http://[::bad HTTP/1.1\r\nHost: x\r\n\r\n',
  'NOSUCH /info HTTP/1.1\r\nHost: x\r\n\r\n',
  'GET /info HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n',
  'GET /%ff%fe%00 HTTP/1.1\r\nHost: x\r\n\r\n',
  'PRI * HTTP/1.1\r\n\r\n',
  '\r\n\r\n\r\n',
  '\0\0\0\0',
];

const GARBAGE: readonly ((random: Random) => readonly [string, Buffer])[] = [
  (random) => ['random frames', Buffer.concat([PREFACE, SETTINGS, randomFrames(random)])],
  (random) => ['frames without settings', Buffer.concat([PREFACE, randomFrames(random)])],
  (random) => ['a preface and noise', Buffer.concat([PREFACE, random.bytes(500)])],
  (random) => ['half a preface', PREFACE.subarray(0, 1 + random.below(PREFACE.byteLength - 1))],
  (random) => ['a preface that is none', Buffer.concat([Buffer.from('PRI'), random.bytes(60)])],
  (random) => [
    'half a frame',
    Buffer.concat([PREFACE, SETTINGS, http2Frame(0, 0, 1, Buffer.alloc(100)).subarray(0, 9 + random.below(50))]),
  ],
  () => [
    'headers that never end',
    Buffer.concat([
      PREFACE,
      SETTINGS,
      http2Frame(1, 0, 1, Buffer.alloc(LARGEST_FRAME)),
      ...Array.from({ length: 50 }, () => http2Frame(9, 0, 1, Buffer.alloc(LARGEST_FRAME))),
    ]),
  ],
  () => [
    'many resets',
    Buffer.concat([PREFACE, SETTINGS, ...Array.from({ length: 1000 }, (_, n) => http2Frame(3, 0, 2 * n + 1, Buffer.alloc(4)))]),
  ],
  () => ['many pings', Buffer.concat([PREFACE, SETTINGS, ...Array.from({ length: 1000 }, () => http2Frame(6, 0, 0, Buffer.alloc(8)))])],
  () => ['many settings', Buffer.concat([PREFACE, ...Array.from({ length: 500 }, () => SETTINGS)])],
  () => ['a window of nothing', Buffer.concat([PREFACE, SETTINGS, http2Frame(8, 0, 0, Buffer.alloc(4))])],
  (random) => ['a call and its end in one breath', hastyCall(random.pick(METHODS).path, random.pick(['application/grpc', 'text/plain']))],
  () => ['a TLS greeting', Buffer.from('16030100c5010000c10303', 'hex')],
  (random) => ['noise', random.bytes(1 + random.below(2000))],
  () => ['a header without an end', Buffer.from(`GET / HTTP/1.1\r\nX: ${'x'.repeat(200_000)}`)],
  () => ['an address without an end', Buffer.from(`GET /${'x'.repeat(200_000)}`)],
  (random) => {
    const text = random.pick(HTTP);
    return [JSON.stringify(text.slice(0, 40)), Buffer.from(text)];
  },
];

/** A connection that sends what chance makes and then leaves, with or without a goodbye. @throws Hangs. */
export async function garbage(port: number, random: Random): Promise<void> {
  const [what, bytes] = random.pick(GARBAGE)(random);
  const resets = random.chance(0.5);
  const patienceMs = random.below(PATIENCE_MS);
  const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
  socket.on('error', () => {});
  socket.resume();
  const closed = new Promise<'closed'>((resolve) => socket.once('close', () => resolve('closed')));
  await Promise.race([closed, after(patienceMs)]);
  if (resets) socket.resetAndDestroy();
  else socket.end();
  const last = await Promise.race([closed, after(LIMIT_MS, 'open' as const, { ref: false })]);
  socket.destroy();
  if (last === 'open') throw new Hangs(`a connection with ${what}, which its client has left`);
}
