import { once } from 'node:events';
import { Socket } from 'node:net';
import { constants } from 'node:os';
import { deflateSync, inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { ConsumerHeld, DependencyUnavailable, RetryableFault, backoffMs, dependencyOf, fateOf } from './delivery-policy.ts';

const withCode = (code: string, more: object = {}): Error => Object.assign(new Error(`says ${code}`), { code, ...more });
const named = (name: string): Error => Object.assign(new Error('x'), { name });
const fetchFailed = (cause: unknown): Error => new TypeError('fetch failed', { cause });
const grpc = (code: number): Error => Object.assign(new Error('14 UNAVAILABLE: x'), { code, details: 'x', metadata: {} });

async function thrownBy(work: () => unknown): Promise<unknown> {
  try {
    await work();
  } catch (fault) {
    return fault;
  }
  throw new Error('it went well');
}

/** What only the outside is to blame for, as Node and the clients tell it. */
const outages: readonly (readonly [what: string, fault: unknown])[] = [
  ['a component that does not answer', new DependencyUnavailable('postgres', 'x')],
  ['a class of an adapter of its own', Object.assign(new Error('x'), { dependency: 'eventstore' })],
  ['a consumer that is held', new ConsumerHeld('x')],
  ...['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'EPIPE', 'EHOSTUNREACH', 'ENOSPC', 'EMFILE', 'EAI_AGAIN', 'ENOTFOUND'].map(
    (code) => [code, withCode(code)] as const,
  ),
  ...[
    'CERT_HAS_EXPIRED',
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'ERR_TLS_CERT_ALTNAME_INVALID',
    'ERR_SSL_WRONG_VERSION_NUMBER',
  ].map((code) => [code, withCode(code)] as const),
  ...['ERR_HTTP2_STREAM_ERROR', 'ERR_STREAM_PREMATURE_CLOSE', 'HPE_INVALID_CONSTANT'].map((code) => [code, withCode(code)] as const),
  ...['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_SOCKET', 'UND_ERR_DESTROYED'].map(
    (code) => [code, withCode(code)] as const,
  ),
  ...['08006', '25006', '28P01', '3D000', '42P01', '53100', '57P01', '58030', 'XX000'].map(
    (code) => [`SQLSTATE ${code}`, withCode(code)] as const,
  ),
  ['a call of the system', withCode('UNKNOWN', { syscall: 'read' })],
  ['a fetch that failed', fetchFailed(new Error('bad port'))],
  ['an answer that breaks off', new TypeError('terminated')],
  ['a client of Kafka', named('KafkaJSConnectionClosedError')],
  ...[1, 2, 4, 8, 12, 13, 14, 16].map((code) => [`gRPC status ${code}`, grpc(code)] as const),
];

/** What is wrong with the event, or with our own code. */
const ours: readonly (readonly [what: string, fault: unknown])[] = [
  ['a mistake of the code', new TypeError('x is undefined')],
  ['a failed assertion', withCode('ERR_ASSERTION')],
  ['a wrong argument', Object.assign(new TypeError('x'), { code: 'ERR_INVALID_ARG_TYPE' })],
  ['a URL that is none', withCode('ERR_INVALID_URL')],
  ['a wrong argument of fetch', withCode('UND_ERR_INVALID_ARG')],
  ['a value out of a column', withCode('22003')],
  ['a constraint', withCode('23514')],
  ['an argument that a store refuses', grpc(3)],
  ['a name that was not decrypted', withCode('ERR_JWE_DECRYPTION_FAILED')],
  ['a number as code', Object.assign(new Error('x'), { code: 14 })],
  ['text', 'ECONNREFUSED'],
  ['nothing', null],
  ['not even that', undefined],
];

describe('A fault of the outside', () => {
  it.each(outages)('pauses: %s', (_, fault) => {
    expect(fateOf(fault)).toBe('pause');
  });

  it.each(outages)('pauses whatever it is wrapped in: %s', (_, fault) => {
    expect(fateOf(new Error('the order could not be shown', { cause: fault }))).toBe('pause');
    expect(fateOf(new TypeError('x', { cause: new Error('y', { cause: fault }) }))).toBe('pause');
    expect(fateOf(new AggregateError([new RangeError('x'), fault]))).toBe('pause');
    expect(fateOf(new Error('x', { cause: new AggregateError([new AggregateError([fault])]) }))).toBe('pause');
  });

  it('is known as Node really throws it', async () => {
    const connecting = new Promise((_, reject) => new Socket().once('error', reject).connect(1, '127.0.0.1'));
    expect(fateOf(await thrownBy(() => connecting))).toBe('pause');
    expect(fateOf(await thrownBy(() => fetch('http://127.0.0.1:1/')))).toBe('pause');
    expect(fateOf(await thrownBy(() => fetch('http://nowhere.invalid/')))).toBe('pause');
    expect(fateOf(await thrownBy(() => fetch('http://127.0.0.1:1/', { signal: AbortSignal.abort() })))).toBe('pause');
    const late = AbortSignal.timeout(1);
    await once(late, 'abort');
    expect(fateOf(late.reason)).toBe('pause');
  });

  it('is known by every name that the system has for one', () => {
    expect(Object.keys(constants.errno).filter((code) => fateOf(withCode(code)) !== 'pause')).toEqual([]);
  });
});

describe('A lost race', () => {
  it.each<readonly [string, Error]>([
    ['that says so', new RetryableFault('x')],
    ...['40001', '40P01', '55P03'].map((code) => [`of transactions, ${code}`, withCode(code)] as const),
  ])('%s is tried again, whatever it is wrapped in', (_, fault) => {
    expect(fateOf(fault)).toBe('retry');
    expect(fateOf(new Error('x', { cause: fault }))).toBe('retry');
  });

  it('is what the outer fault says it is, and not what led to it', () => {
    expect(fateOf(Object.assign(new RetryableFault('x'), { cause: withCode('ECONNRESET') }))).toBe('retry');
    expect(fateOf(new DependencyUnavailable('postgres', new RetryableFault('x')))).toBe('pause');
  });
});

describe('A fault of the event, or of our own code', () => {
  it.each(ours)('parks: %s', (_, fault) => {
    expect(fateOf(fault)).toBe('park');
    expect(fateOf(new Error('x', { cause: fault }))).toBe('park');
    expect(fateOf(new AggregateError([fault]))).toBe('park');
  });

  it('is what bytes are that can not be unpacked, or text that is not JSON', async () => {
    const torn = deflateSync(Buffer.from('x'.repeat(100))).subarray(0, 8);
    expect(fateOf(await thrownBy(() => inflateSync(torn)))).toBe('park');
    expect(fateOf(await thrownBy(() => JSON.parse('<html>')))).toBe('park');
  });

  it('ends the search also when causes go round in circles, or never end', () => {
    const one = new Error('one');
    one.cause = new Error('other', { cause: one });
    expect(fateOf(one)).toBe('park');
    let deep = new Error('innermost');
    for (let depth = 0; depth < 1_000; depth++) deep = new Error('x', { cause: deep });
    expect(fateOf(deep)).toBe('park');
  });
});

describe('The dependency that a fault names', () => {
  it('is that of the outermost fault that names one', () => {
    expect(dependencyOf(new Error('x', { cause: new DependencyUnavailable('postgres', 'x') }))).toBe('postgres');
    expect(dependencyOf(new DependencyUnavailable('kafka', new DependencyUnavailable('postgres', 'x')))).toBe('kafka');
    expect(dependencyOf(withCode('ECONNREFUSED'))).toBeNull();
  });
});

describe('A backoff', () => {
  it('grows and ends at ten seconds', () => {
    expect(backoffMs('pause', 1, () => 1)).toBe(250);
    expect(backoffMs('pause', 3, () => 1)).toBe(1000);
    expect(backoffMs('retry', 1, () => 0)).toBe(10);
    expect(backoffMs('pause', 1000, () => 1)).toBe(10_000);
    expect(backoffMs('postpone', 1000, () => 1)).toBe(30_000);
  });
});
