import { status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import type { ReadOptions } from '../protocol/messages.ts';
import { readRequestOf } from './read-request.ts';

const stream = { streamIdentifier: { streamName: Buffer.from('order-1') }, start: {} };
const all = { start: {} };
const filter = { streamIdentifier: { prefix: ['order-'] }, count: {}, checkpointIntervalMultiplier: 2 };
const ids = { string: {} };
const ofStream: ReadOptions = { stream, count: 10n, noFilter: {}, uuidOption: ids };
const ofAll: ReadOptions = { all, subscription: {}, filter, uuidOption: ids };

describe('A read request', () => {
  it('reads a stream forwards from its start', () => {
    expect(readRequestOf(ofStream)).toEqual({
      kind: 'read-stream',
      stream: 'order-1',
      from: 'start',
      backwards: false,
      count: 10n,
      sendBounds: false,
      resolveLinks: false,
      idsAsText: true,
    });
  });

  it('is told how far it is after so many windows of events', () => {
    expect(readRequestOf(ofAll)).toMatchObject({ kind: 'subscribe-to-all', filter: { checkpointIntervalEvents: 64 } });
    expect(readRequestOf({ ...ofAll, filter: { ...filter, max: 5 } })).toMatchObject({ filter: { checkpointIntervalEvents: 10 } });
  });

  it('takes the largest number, which is -1, for the end', () => {
    expect(readRequestOf({ ...ofStream, stream: { ...stream, revision: 2n ** 64n - 1n } }).from).toBe('end');
    expect(readRequestOf({ ...ofStream, stream: { ...stream, revision: 2n ** 63n - 1n } }).from).toBe(2n ** 63n - 1n);
    expect(readRequestOf({ ...ofAll, all: { position: { commitPosition: 2n ** 64n - 1n, preparePosition: 2n ** 64n - 1n } } }).from).toBe(
      'end',
    );
  });

  it.each<[string, ReadOptions]>([
    ['without a form of UUIDs', { stream, count: 1n, noFilter: {} }],
    ['of neither a stream nor all', { count: 1n, noFilter: {}, uuidOption: ids }],
    ['without a count that is no subscription', { stream, noFilter: {}, uuidOption: ids }],
    ['that says nothing of a filter', { stream, count: 1n, uuidOption: ids }],
    ['of a stream with a filter', { stream, count: 1n, filter, uuidOption: ids }],
    ['backwards that is a subscription', { ...ofAll, readDirection: 1 }],
    ['in a third direction', { ...ofStream, readDirection: 2 }],
    ['with a filter of nothing', { ...ofAll, filter: { count: {}, checkpointIntervalMultiplier: 1 } }],
    ['with a filter without a window', { ...ofAll, filter: { streamIdentifier: { prefix: ['order-'] }, checkpointIntervalMultiplier: 1 } }],
    ['with a window of nothing', { ...ofAll, filter: { ...filter, max: 0 } }],
  ])('%s is an invalid argument', (_title, options) => {
    expect(() => readRequestOf(options)).toThrow(expect.objectContaining({ name: 'RpcFault', code: status.INVALID_ARGUMENT }));
  });

  it.each<[string, ReadOptions | undefined]>([
    ['without options', undefined],
    ['of a stream without a name', { ...ofStream, stream: { start: {} } }],
    ['of a stream from nowhere', { ...ofStream, stream: { streamIdentifier: stream.streamIdentifier } }],
    ['of a stream from a number that no revision can be', { ...ofStream, stream: { ...stream, revision: 2n ** 63n } }],
    ['of all from nowhere', { ...ofAll, all: {} }],
    ['of all from a number that no position can be', { ...ofAll, all: { position: { commitPosition: 2n ** 64n - 2n } } }],
    ['of all from a commit before its prepare', { ...ofAll, all: { position: { preparePosition: 1n } } }],
    ['with a filter that is no pattern', { ...ofAll, filter: { ...filter, streamIdentifier: { regex: '(', prefix: [] } } }],
    ['with a checkpoint after nothing', { ...ofAll, filter: { ...filter, checkpointIntervalMultiplier: 0 } }],
  ])('%s takes the server by surprise', (_title, options) => {
    expect(() => readRequestOf(options)).toThrow(expect.objectContaining({ name: 'RpcFault', code: status.UNKNOWN }));
  });
});
