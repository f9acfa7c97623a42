import { randomUUID } from 'node:crypto';
import { type Metadata, status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { append, proposedEvent, readAnswers, remove, subscribe } from '../../raw-calls.ts';
import { ServerUnderTest } from '../../server-under-test.ts';

const server = await ServerUnderTest.start();
const raw = server.raw();

const fresh = (): string => `thing-${randomUUID()}`;

async function faultOf(work: Promise<unknown>): Promise<{ readonly code: status; readonly details: string; readonly trailers: object }> {
  const { code, details, metadata } = (await work.then(
    () => ({}),
    (cause: unknown) => cause,
  )) as { code: status; details: string; metadata: Metadata };
  return { code, details, trailers: metadata.getMap() };
}

async function tombstoned(): Promise<string> {
  const stream = fresh();
  await remove(raw, 'Tombstone', stream, { any: {} });
  return stream;
}

describe('A stream that was deleted for ever', () => {
  it.each<[string, (stream: string) => Promise<unknown>]>([
    ['an append', (stream) => append(raw, stream, { any: {} }, proposedEvent())],
    ['a read', (stream) => readAnswers(raw, { stream })],
    ['a read backwards', (stream) => readAnswers(raw, { stream, readDirection: 1 })],
    ['a read of its metadata', (stream) => readAnswers(raw, { stream: `$$${stream}` })],
    ['a deletion', (stream) => remove(raw, 'Delete', stream, { any: {} })],
    ['another tombstone', (stream) => remove(raw, 'Tombstone', stream, { any: {} })],
  ])('fails %s by its name', async (_title, call) => {
    const stream = await tombstoned();
    const fault = await faultOf(call(stream));
    expect(fault).toMatchObject({ code: status.FAILED_PRECONDITION, trailers: { exception: 'stream-deleted' } });
    expect(fault.details).toMatch(/^Event stream '(\$\$)?thing-.*' is deleted\.$/);
    expect(fault.details).toContain(stream);
  });

  it('is named in trailers, percent-encoded when it is not ASCII, and in the text as it is', async () => {
    const stream = `größe-${randomUUID()}`;
    await remove(raw, 'Tombstone', stream, { any: {} });
    expect(await faultOf(readAnswers(raw, { stream }))).toMatchObject({
      details: `Event stream '${stream}' is deleted.`,
      trailers: { 'stream-name': encodeURIComponent(stream) },
    });
  });

  it('ends a subscription by its name, after the confirmation', async () => {
    const { answers, ended } = subscribe(raw, { stream: await tombstoned() });
    expect(await faultOf(ended.then((cause) => Promise.reject(cause as Error)))).toMatchObject({
      code: status.FAILED_PRECONDITION,
      trailers: { exception: 'stream-deleted' },
    });
    expect(answers).toMatchObject([{ confirmation: {} }]);
  });
});

describe('A deletion at another revision', () => {
  it.each([
    ['an exact one', { revision: 5 }, '5'],
    ['no stream', { noStream: {} }, '-1'],
  ])('than %s tells both in its text and trailers', async (_title, expected, number) => {
    const stream = fresh();
    await append(raw, stream, { any: {} }, proposedEvent(), proposedEvent());
    for (const method of ['Delete', 'Tombstone'] as const) {
      expect(await faultOf(remove(raw, method, stream, expected))).toMatchObject({
        code: status.FAILED_PRECONDITION,
        details: `Delete failed due to WrongExpectedVersion. Stream: ${stream}, Expected version: ${number}, Actual version: 1`,
        trailers: { exception: 'wrong-expected-version', 'stream-name': stream, 'expected-version': number, 'actual-version': '1' },
      });
    }
  });
});

describe('An append at another revision', () => {
  it.each([
    ['an exact one', { revision: 5 }, { expectedRevision: 5n }],
    ['no stream', { noStream: {} }, { expectedNoStream: {} }],
  ])('than %s is answered, not failed, with both', async (_title, expected, echoed) => {
    const stream = fresh();
    await append(raw, stream, { any: {} }, proposedEvent(), proposedEvent());
    expect(await append(raw, stream, expected, proposedEvent())).toMatchObject({
      wrongExpectedVersion: { currentRevision: 1n, ...echoed },
    });
  });

  it('than that of a stream that is none says that there is none', async () => {
    expect(await append(raw, fresh(), { streamExists: {} }, proposedEvent())).toEqual({
      wrongExpectedVersion: { currentNoStream: {}, expectedStreamExists: {} },
    });
  });
});

it('A stream that is none is an answer of a read, both ways, and no error', async () => {
  const stream = fresh();
  const notFound = [{ streamNotFound: { streamIdentifier: { streamName: Buffer.from(stream) } } }];
  expect(await readAnswers(raw, { stream })).toEqual(notFound);
  expect(await readAnswers(raw, { stream, readDirection: 1 })).toEqual(notFound);
});
