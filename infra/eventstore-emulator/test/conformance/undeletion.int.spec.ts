import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { append, proposedEvent, readAnswers, remove } from '../raw-calls.ts';
import { ServerUnderTest } from '../server-under-test.ts';

const server = await ServerUnderTest.start();
const raw = server.raw();

const ANYWHERE = { any: {} };

interface Read {
  readonly event?: {
    readonly event: { readonly streamRevision?: bigint; readonly streamIdentifier: { readonly streamName: Buffer }; readonly data: Buffer };
  };
  readonly streamNotFound?: object;
}

/** A stream with events 0 and 1, deleted. */
async function deleted(): Promise<string> {
  const stream = `thing-${randomUUID()}`;
  await append(raw, stream, ANYWHERE, proposedEvent(), proposedEvent());
  await remove(raw, 'Delete', stream, ANYWHERE);
  return stream;
}

const describeStream = (stream: string, data: string, type = '$metadata') =>
  append(raw, `$$${stream}`, ANYWHERE, proposedEvent({ data: Buffer.from(data), metadata: { type, 'content-type': 'application/json' } }));
const revisions = async (stream: string) =>
  ((await readAnswers(raw, { stream })) as Read[]).map(({ event }) => event && Number(event.event.streamRevision ?? 0n));

describe('A deleted stream that is written again', () => {
  it('has its new metadata behind its new events', async () => {
    const stream = await deleted();
    await append(raw, stream, ANYWHERE, proposedEvent(), proposedEvent());
    const last = (await readAnswers(raw, { all: { end: {} }, readDirection: 1, count: 3 })) as Read[];
    expect(last.map(({ event }) => String(event!.event.streamIdentifier.streamName))).toEqual([`$$${stream}`, stream, stream]);
    expect(String(last[0]!.event!.event.data)).toBe('{"$tb":2}');
    expect(await revisions(stream)).toEqual([2, 3]);
  });

  it('is there again, without its events, when what was written is nothing', async () => {
    const stream = await deleted();
    await append(raw, stream, ANYWHERE);
    expect(await readAnswers(raw, { stream })).toEqual([]);
    await append(raw, stream, { revision: 1 }, proposedEvent());
    expect(await revisions(stream)).toEqual([2]);
  });

  it('shows its old events when its new metadata are no JSON', async () => {
    const stream = await deleted();
    await describeStream(stream, 'no JSON');
    expect(await revisions(stream)).toEqual([0, 1]);
  });
});

describe('Metadata', () => {
  it('count whatever their type is', async () => {
    const stream = `thing-${randomUUID()}`;
    await append(raw, stream, ANYWHERE, proposedEvent(), proposedEvent());
    await describeStream(stream, '{"$maxCount":1}', 'Described');
    expect(await revisions(stream)).toEqual([1]);
  });

  it('count as none when one of them is wrong', async () => {
    const stream = `thing-${randomUUID()}`;
    await append(raw, stream, ANYWHERE, proposedEvent(), proposedEvent());
    await describeStream(stream, '{"$tb":1,"$maxCount":0}');
    expect(await revisions(stream)).toEqual([0, 1]);
  });

  it('hide the position of an event from who repeats its append', async () => {
    const stream = `thing-${randomUUID()}`;
    const event = proposedEvent();
    const repeat = () => append(raw, stream, { noStream: {} }, event);
    const first = await repeat();
    expect(await repeat()).toEqual(first);
    await describeStream(stream, '{"$tb":1}');
    expect(await repeat()).toEqual({ success: { currentRevision: 0n, noPosition: {} } });
  });
});
