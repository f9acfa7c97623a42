import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { beforeAll, describe, expect, it } from 'vitest';
import { type RecordedAnswer, append, proposedEvent, streamNamed } from '../../raw-calls.ts';
import { ServerUnderTest } from '../../server-under-test.ts';
import { LARGEST, MALFORMED, STREAMS, TOO_LARGE, wireMessage } from '../../wire.ts';

const server = await ServerUnderTest.start();
const raw = server.raw();

const [ReadReq, ReadResp] = [wireMessage('streams.ReadReq'), wireMessage('streams.ReadResp')];
const UNEXPECTED = { code: status.UNKNOWN, details: 'Exception was thrown by handler.' };
const BACKWARDS = { readDirection: 1 };
const fresh = (): string => `thing-${randomUUID()}`;

async function streamOf(count: number, stream = fresh(), type = 'Happened'): Promise<string> {
  const events = Array.from({ length: count }, () => proposedEvent({ metadata: { type, 'content-type': 'application/json' } }));
  await append(raw, stream, { any: {} }, ...events);
  return stream;
}

async function answersTo(request: Buffer): Promise<Readonly<Record<string, unknown>>[]> {
  const answers = await Array.fromAsync(raw.serverStream(`${STREAMS}/Read`, request) as AsyncIterable<Buffer>);
  return answers.map((bytes) => ReadResp.decode(bytes));
}
const options = (over: object): Buffer => ReadReq.encode({ options: { count: 10, noFilter: {}, uuidOption: { structured: {} }, ...over } });
const source = (stream: string, from: object = { start: {} }) => ({ stream: { streamIdentifier: streamNamed(stream), ...from } });
const ofStream = (stream: string, over: object = {}, from: object = { start: {} }) => options({ ...source(stream, from), ...over });
const ofAll = (from: object, over: object = {}) => options({ all: from, ...over });
const filtered = (filter: object) => ({ noFilter: undefined, filter });

const revisions = async (request: Buffer): Promise<number[]> =>
  (await answersTo(request)).map((answer) => Number((answer as unknown as RecordedAnswer).event.event!.streamRevision ?? 0n));

describe('A read', () => {
  it('sends ids as two numbers to clients that want them so, or that do not say, and as text to others', async () => {
    const id = { structured: { mostSignificantBits: 0x01234567 * 2 ** 32, leastSignificantBits: -2 } };
    const stream = fresh();
    await append(raw, stream, { noStream: {} }, proposedEvent({ id }));
    const idIn = async (uuidOption: object) =>
      ((await answersTo(ofStream(stream, { uuidOption })))[0] as { event: { event: { id: object } } }).event.event.id;
    const structured = { structured: { mostSignificantBits: 0x01234567n << 32n, leastSignificantBits: -2n } };
    expect([await idIn({ structured: {} }), await idIn({})]).toEqual([structured, structured]);
    expect(await idIn({ string: {} })).toEqual({ string: '01234567-0000-0000-ffff-fffffffffffe' });
  });

  it('sends the last revision of the stream behind the events to clients that ask, and the first one when there are none', async () => {
    const stream = await streamOf(2);
    const asking = { controlOption: { compatibility: 1 } };
    expect(await answersTo(ofStream(stream, asking))).toMatchObject([{ event: {} }, { event: {} }, { lastStreamPosition: 1n }]);
    expect(await answersTo(ofStream(stream, asking, { revision: 5 }))).toEqual([{ firstStreamPosition: 0n }, { lastStreamPosition: 1n }]);
    expect(await answersTo(ofStream(stream, { ...asking, ...BACKWARDS }, { end: {} }))).toMatchObject([
      { event: {} },
      { event: {} },
      { lastStreamPosition: 1n },
    ]);
    expect(await answersTo(ofStream(stream))).toMatchObject([{ event: {} }, { event: {} }]);
  });

  it('backwards from the start of a stream gives its first event alone, and of all nothing', async () => {
    expect(await revisions(ofStream(await streamOf(3), BACKWARDS))).toEqual([0]);
    expect(await answersTo(ofAll({ start: {} }, BACKWARDS))).toEqual([]);
  });

  it('forwards from the end of all gives nothing', async () => {
    await streamOf(1);
    expect(await answersTo(ofAll({ end: {} }))).toEqual([]);
  });

  it('backwards takes the largest number for the end', async () => {
    const stream = await streamOf(3);
    expect(await revisions(ofStream(stream, BACKWARDS, { revision: LARGEST }))).toEqual([2, 1, 0]);
    expect(
      await answersTo(ofAll({ position: { commitPosition: LARGEST, preparePosition: LARGEST } }, { ...BACKWARDS, count: 1 })),
    ).toMatchObject([{ event: { event: { streamIdentifier: streamNamed(stream), streamRevision: 2n } } }]);
  });

  const positionOf = async (stream: string): Promise<bigint> =>
    ((await answersTo(ofStream(stream)))[0] as unknown as RecordedAnswer).event.commitPosition;
  const at = (position: bigint) => ({ position: { commitPosition: Number(position), preparePosition: Number(position) } });

  it.each<[string, object, object]>([
    ['forwards', {}, {}],
    ['backwards', BACKWARDS, {}],
    ['through a filter', {}, filtered({ eventType: { prefix: ['A'] }, count: {} })],
  ])('of all %s from a position that somebody calculated is an invalid argument', async (_title, direction, filter) => {
    const position = await positionOf(await streamOf(1));
    await streamOf(1);
    await expect(answersTo(ofAll(at(position + 1n), { ...direction, ...filter }))).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: 'Trying to read from an invalid position.',
    });
    await expect(answersTo(ofAll(at(position), { ...direction, ...filter }))).resolves.toBeDefined();
  });

  it('of all from beyond the end gives nothing forwards and fails backwards', async () => {
    const beyond = at((await positionOf(await streamOf(1))) + 1_000_000n);
    expect(await answersTo(ofAll(beyond))).toEqual([]);
    await expect(answersTo(ofAll(beyond, BACKWARDS))).rejects.toMatchObject({
      code: status.UNKNOWN,
      details: 'Unexpected ReadAllResult: Error',
    });
  });

  it.each<[string, (stream: string) => Buffer]>([
    ['at most nothing', (stream) => ofStream(stream, { count: 0 })],
    ['what comes after the end', (stream) => ofStream(stream, {}, { end: {} })],
    ['what comes after the largest number, which means the end,', (stream) => ofStream(stream, {}, { revision: LARGEST })],
  ])('of %s of a stream fails as in the real server', async (_title, request) => {
    await expect(answersTo(request(await streamOf(1)))).rejects.toMatchObject({
      code: status.UNKNOWN,
      details: 'Unexpected ReadStreamResult: Error',
    });
  });

  it('may want as many events as can be counted', async () => {
    expect(await revisions(ofStream(await streamOf(2), { count: LARGEST }))).toEqual([0, 1]);
  });

  it.each<[string, Buffer]>([
    ['bytes that are no message', MALFORMED],
    ['no options', Buffer.alloc(0)],
    ['a stream without a name', options({ stream: { start: {} } })],
    ['a stream from nowhere', ofStream('thing-1', {}, {})],
    ['all from nowhere', ofAll({})],
    ['a stream from a revision from 2^63 on', ofStream('thing-1', {}, { revision: TOO_LARGE })],
    ['all from a position from 2^63 on', ofAll({ position: { commitPosition: TOO_LARGE } })],
    ['all from a commit before its prepare', ofAll({ position: { commitPosition: 1, preparePosition: 2 } })],
    ['what a bad regular expression matches', ofAll({ start: {} }, filtered({ eventType: { regex: '(' }, count: {} }))],
  ])('of %s fails as an exception of the handler', async (_title, request) => {
    const failure = expect(answersTo(request)).rejects;
    await failure.toMatchObject({ code: UNEXPECTED.code, details: expect.stringContaining(UNEXPECTED.details) as string });
  });

  it.each<[string, string | undefined, Buffer]>([
    ['neither a stream nor all', undefined, options({})],
    ['no form of ids', undefined, ofStream('thing-1', { uuidOption: undefined })],
    ['a third direction', '(Stream, Count, 7, NoFilter)', ofStream('thing-1', { readDirection: 7 })],
    [
      'a stream through a filter',
      '(Stream, Count, Forwards, Filter)',
      ofStream('thing-1', filtered({ eventType: { prefix: ['A'] }, count: {} })),
    ],
    [
      'a subscription backwards',
      '(All, Subscription, Backwards, NoFilter)',
      ofAll({ start: {} }, { count: undefined, subscription: {}, ...BACKWARDS }),
    ],
    ['neither a count nor a subscription', '(All, None, Forwards, NoFilter)', ofAll({ start: {} }, { count: undefined })],
    ['neither a filter nor none', '(All, Count, Forwards, None)', ofAll({ start: {} }, { noFilter: undefined })],
    ['a filter of neither streams nor types', undefined, ofAll({ start: {} }, filtered({ count: {} }))],
    ['a filter without a window', undefined, ofAll({ start: {} }, filtered({ eventType: { prefix: ['A'] } }))],
  ])('of %s is an invalid argument', async (_title, combination, request) => {
    const details = combination === undefined ? expect.any(String) : `The combination of ${combination} is invalid.`;
    await expect(answersTo(request)).rejects.toMatchObject({ code: status.INVALID_ARGUMENT, details: details as string });
  });

  it('that stops in the middle holds nothing: its call makes room for another', async () => {
    const request = ofStream(await streamOf(1000), { count: 1000 });
    for (let n = 0; n < 120; n++) {
      const call = raw.serverStream(`${STREAMS}/Read`, request);
      call.on('error', () => {});
      call.once('data', () => call.cancel());
      await new Promise((resolve) => call.once('status', resolve));
    }
    expect(await answersTo(request)).toHaveLength(1000);
  });
});

describe('A filter of a read', () => {
  const c = randomUUID().replaceAll('-', '');
  const [a1, b1, a2] = [`${c}A-1`, `${c}B-1`, `${c}A-2`];
  beforeAll(async () => {
    await streamOf(1, a1, `${c}First`);
    await streamOf(1, a1, `${c}Second`);
    await streamOf(1, b1, `${c}First`);
    await streamOf(1, a2, `${c}Second`);
  });

  it.each<[string, object, string[]]>([
    ['stream prefixes', { streamIdentifier: { prefix: [`${c}A-`, 'none-'] } }, [a1, a1, a2]],
    ['a pattern of streams', { streamIdentifier: { regex: `^${c}[AB]-1$` } }, [a1, a1, b1]],
    ['type prefixes', { eventType: { prefix: [`${c}Fi`] } }, [a1, b1]],
    ['a prefix that stands in the middle', { streamIdentifier: { prefix: [`${c.slice(1)}A-`] } }, []],
    ['a pattern of types', { eventType: { regex: `${c}.*cond$` } }, [a1, a2]],
    ['a pattern that is not anchored', { streamIdentifier: { regex: `${c.slice(1)}A` } }, [a1, a1, a2]],
    ['a pattern that wins over prefixes', { eventType: { regex: `^${c}First$`, prefix: [`${c}Second`] } }, [a1, b1]],
    ['a pattern of another case', { eventType: { regex: `^${c}first$` } }, []],
    ['a pattern of what must not come first', { streamIdentifier: { regex: `^(?!${c}A)${c}` } }, [b1]],
    ['a pattern with an escape that needs none', { streamIdentifier: { regex: `^${c}A\\-2$` } }, [a2]],
  ])('by %s counts what it found', async (_title, filter, expected) => {
    const found = async (count: number, over: object = {}): Promise<string[]> => {
      const from = 'readDirection' in over ? { end: {} } : { start: {} };
      const answers = (await answersTo(ofAll(from, { count, ...over, ...filtered({ ...filter, count: {} }) }))) as {
        event: { event: { streamIdentifier: { streamName: Uint8Array } } };
      }[];
      return answers.map(({ event }) => Buffer.from(event.event.streamIdentifier.streamName).toString());
    };
    expect(await found(100)).toEqual(expected);
    expect(await found(100, BACKWARDS)).toEqual(expected.toReversed());
    expect(await found(2)).toEqual(expected.slice(0, 2));
  });
});
