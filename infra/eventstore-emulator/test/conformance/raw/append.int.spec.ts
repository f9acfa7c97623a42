import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { read } from '../../emulator-process.ts';
import { proposedEvent, streamNamed } from '../../raw-calls.ts';
import { ServerUnderTest } from '../../server-under-test.ts';
import { LARGEST, MALFORMED, STREAMS, TOO_LARGE, wireMessage } from '../../wire.ts';

const server = await ServerUnderTest.start();
const raw = server.raw();

const [AppendReq, AppendResp, DeleteReq] = [
  wireMessage('streams.AppendReq'),
  wireMessage('streams.AppendResp'),
  wireMessage('streams.DeleteReq'),
];
const fresh = (): string => `thing-${randomUUID()}`;

async function append(...messages: readonly (object | Buffer)[]): Promise<Readonly<Record<string, unknown>>> {
  const { call, answer } = raw.clientStream(`${STREAMS}/Append`);
  for (const message of messages) call.write(Buffer.isBuffer(message) ? message : AppendReq.encode(message as never));
  call.end();
  return AppendResp.decode(await answer);
}
const to = (stream: string, expected: object = { noStream: {} }) => ({ options: { streamIdentifier: streamNamed(stream), ...expected } });
const event = (over: object = {}) => ({ proposedMessage: proposedEvent(over) });
const typed = (type: string) => ({ metadata: { type, 'content-type': 'application/json' } });

describe('Append', () => {
  it.each<[string, () => readonly (object | Buffer)[]]>([
    ['of nothing at all', () => []],
    ['of an event before the options', () => [event()]],
    ['of options twice', () => [to(fresh()), to(fresh())]],
    ['of options without a stream', () => [{ options: { any: {} } }]],
    ['to a stream without a name', () => [to('')]],
    ['to the metadata of a stream without a name', () => [to('$$')]],
    ['at a revision from 2^63 on', () => [to(fresh(), { revision: TOO_LARGE }), event()]],
    ['of bytes that are no message', () => [MALFORMED]],
    ['of an event that is no message', () => [to(fresh()), MALFORMED]],
    ['of an event without an id', () => [to(fresh()), event({ id: undefined })]],
    ['of an event with an empty id', () => [to(fresh()), event({ id: { structured: {} } })]],
    ['of an event with an id that is no UUID', () => [to(fresh()), event({ id: { string: 'x' } })]],
    ['of an event with an empty type', () => [to(fresh()), event(typed(''))]],
  ])('%s fails as an exception of the handler', async (_title, messages) => {
    await expect(append(...messages())).rejects.toMatchObject({ code: status.UNKNOWN, details: 'Exception was thrown by handler.' });
  });

  it('that expects nothing is an invalid argument', async () => {
    await expect(append(to(fresh(), {}))).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
  });

  it('at the largest number is one to no stream', async () => {
    const stream = fresh();
    expect(await append(to(stream, { revision: LARGEST }), event())).toMatchObject({ success: { currentRevision: 0n } });
    expect(await append(to(stream, { revision: LARGEST }), event())).toMatchObject({
      wrongExpectedVersion: { currentRevision: 0n, expectedRevision: 2n ** 64n - 1n },
    });
  });

  it.each(['type', 'content-type'])('of an event without %s names what is missing', async (missing) => {
    const metadata = Object.fromEntries(Object.entries(proposedEvent().metadata).filter(([key]) => key !== missing));
    const fault = await append(to(fresh()), event({ metadata })).catch((cause: unknown) => cause);
    expect(fault).toMatchObject({ code: status.INVALID_ARGUMENT, details: `Required Metadata Property '${missing}' is missing` });
    expect((fault as { metadata: { getMap(): object } }).metadata.getMap()).toMatchObject({
      exception: 'missing-required-metadata-property',
      'required-metadata-properties': 'type,content-type',
    });
  });

  it('may have 1 MiB of data, metadata and two bytes for each character of types; one byte more is refused with the limit', async () => {
    const LIMIT = 1_048_576;
    const [type, customMetadata] = ['Größe', Buffer.alloc(1000)];
    const half = { ...typed(type), customMetadata, data: Buffer.alloc(LIMIT / 2 - 1000 - 2 * type.length) };
    const bytes = { ...half, data: Buffer.alloc(half.data.length + 1) };
    expect(await append(to(fresh()), event(half), event(half))).toMatchObject({ success: { currentRevision: 1n } });
    const stream = fresh();
    const fault = (await append(to(stream), event(half), event(bytes)).catch((cause: unknown) => cause)) as {
      metadata: { getMap(): object };
    };
    expect(fault).toMatchObject({ code: status.INVALID_ARGUMENT, details: `Maximum Append Size of ${LIMIT} Exceeded.` });
    expect(fault.metadata.getMap()).toMatchObject({ exception: 'maximum-append-size-exceeded', 'maximum-append-size': String(LIMIT) });
    expect(await append(to(stream), event())).toMatchObject({ success: { currentRevision: 0n } });
  });

  it('of a message larger than a record of the log is more than the server receives', async () => {
    const RECORD = 16 * 1024 * 1024 - 10_000;
    await expect(append(to(fresh()), event({ data: Buffer.alloc(RECORD - 1000) }))).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
    });
    await expect(append(to(fresh()), event({ data: Buffer.alloc(RECORD) }))).rejects.toMatchObject({ code: status.RESOURCE_EXHAUSTED });
  });

  it('that the client breaks off writes nothing', async () => {
    const stream = fresh();
    const { call, answer } = raw.clientStream(`${STREAMS}/Append`);
    call.write(AppendReq.encode(to(stream)));
    call.write(AppendReq.encode(event()));
    call.cancel();
    await expect(answer).rejects.toMatchObject({ code: status.CANCELLED });
    await expect(read(server.client().readStream(stream))).rejects.toMatchObject({ type: 'stream-not-found' });
  });

  it('of no events to no stream answers that there is none, with a position', async () => {
    const stream = fresh();
    const before = (await append(to(fresh()), event())) as { success: { position: { commitPosition: bigint } } };
    const answer = (await append(to(stream))) as { success: { position: { commitPosition: bigint; preparePosition: bigint } } };
    expect(answer).toMatchObject({ success: { noStream: {} } });
    const { commitPosition, preparePosition } = answer.success.position;
    expect(commitPosition).toBe(preparePosition);
    expect(commitPosition).toBeGreaterThanOrEqual(before.success.position.commitPosition);
    const after = (await append(to(stream), event())) as { success: { position: { commitPosition: bigint } } };
    expect(after.success.position.commitPosition).toBeGreaterThan(commitPosition);
  });
});

describe('Delete and Tombstone', () => {
  const methods = ['Delete', 'Tombstone'] as const;
  const remove = (method: string, request: object | Buffer) =>
    raw.unary(`${STREAMS}/${method}`, Buffer.isBuffer(request) ? request : DeleteReq.encode(request as never));

  it.each<[string, object | Buffer]>([
    ['bytes that are no message', MALFORMED],
    ['no options', Buffer.alloc(0)],
    ['no stream', { options: { any: {} } }],
    ['a revision from 2^63 on', to('thing-1', { revision: TOO_LARGE })],
  ])('of %s fail as an exception of the handler', async (_title, request) => {
    for (const method of methods) {
      await expect(remove(method, request)).rejects.toMatchObject({ code: status.UNKNOWN, details: 'Exception was thrown by handler.' });
    }
  });

  it('that expect nothing are an invalid argument', async () => {
    for (const method of methods) await expect(remove(method, to('thing-1', {}))).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
  });
});
