import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type RecordedAnswer, append, proposedEvent, readAnswers, remove } from '../../raw-calls.ts';
import { ServerUnderTest } from '../../server-under-test.ts';

const server = await ServerUnderTest.start();
const raw = server.raw();

const NO_STREAM = { noStream: {} };
const fresh = (): string => `thing-${randomUUID()}`;
const recordsOf = async (stream: string, over: object = {}): Promise<RecordedAnswer[]> =>
  (await readAnswers(raw, { stream, ...over })) as unknown as RecordedAnswer[];

describe('A recorded event', () => {
  it.each([
    ['application/json', 'application/json'],
    ['application/json; charset=utf-8', 'application/octet-stream'],
    ['application/x-protobuf', 'application/octet-stream'],
    ['', 'application/octet-stream'],
  ])('proposed as "%s" is given back as %s', async (contentType, recorded) => {
    const stream = fresh();
    await append(raw, stream, NO_STREAM, proposedEvent({ metadata: { type: 'Happened', 'content-type': contentType } }));
    const [answer] = await recordsOf(stream);
    expect(answer!.event.event!.metadata['content-type']).toBe(recorded);
  });

  it('has its id in small letters, however it came', async () => {
    const [stream, id] = [fresh(), randomUUID()];
    await append(raw, stream, NO_STREAM, proposedEvent({ id: { string: id.toUpperCase() } }));
    const [answer] = await readAnswers(raw, { stream });
    expect(answer).toMatchObject({ event: { event: { id: { string: id } } } });
  });

  it('keeps nothing of its system metadata but type, content type and the time in ticks of 100 ns', async () => {
    const stream = fresh();
    const before = BigInt(Date.now());
    await append(
      raw,
      stream,
      NO_STREAM,
      proposedEvent({ metadata: { type: 'Happened', 'content-type': 'application/json', created: '7', other: 'x' } }),
    );
    const [answer] = await recordsOf(stream);
    const { metadata } = answer!.event.event!;
    expect(Object.keys(metadata).sort()).toEqual(['content-type', 'created', 'type']);
    const createdMs = BigInt(metadata['created']!) / 10_000n;
    expect(createdMs).toBeGreaterThanOrEqual(before - 60_000n);
    expect(createdMs).toBeLessThan(before + 60_000n);
  });

  it('has one position, in its stream and in all, which its append answers with', async () => {
    const stream = fresh();
    const answer = (await append(raw, stream, NO_STREAM, proposedEvent(), proposedEvent())) as { success: { position: object } };
    const [first, second] = await recordsOf(stream);
    const { commitPosition, preparePosition } = second!.event.event!;
    expect(commitPosition).toBe(preparePosition);
    expect(second!.event.commitPosition).toBe(commitPosition);
    expect(first!.event.commitPosition).toBeLessThan(commitPosition);
    expect(answer.success.position).toEqual({ commitPosition, preparePosition });
    const [inAll] = (await readAnswers(raw, {
      all: { position: { commitPosition: Number(commitPosition), preparePosition: Number(preparePosition) } },
      count: 1,
    })) as unknown as RecordedAnswer[];
    expect(inAll!.event.event).toEqual(second!.event.event);
  });

  it("that is a link has the link's position, resolved or not", async () => {
    const [target, links] = [fresh(), fresh()];
    await append(raw, target, NO_STREAM, proposedEvent());
    const link = proposedEvent({ metadata: { type: '$>', 'content-type': 'application/octet-stream' }, data: Buffer.from(`0@${target}`) });
    await append(raw, links, NO_STREAM, link);
    const [plain] = await recordsOf(links);
    const [resolved] = await recordsOf(links, { resolveLinks: true });
    expect(resolved!.event.commitPosition).toBe(plain!.event.commitPosition);
    expect(resolved!.event.link!.commitPosition).toBe(plain!.event.event!.commitPosition);
    expect(resolved!.event.event!.commitPosition).toBeLessThan(resolved!.event.link!.commitPosition);
  });
});

describe('A deletion', () => {
  it('that can be undone writes the largest revision as $tb, in place of all other metadata', async () => {
    const stream = fresh();
    await append(raw, stream, NO_STREAM, proposedEvent());
    await append(
      raw,
      `$$${stream}`,
      NO_STREAM,
      proposedEvent({ metadata: { type: '$metadata', 'content-type': 'application/json' }, data: Buffer.from('{"owner":"me"}') }),
    );
    const answer = (await remove(raw, 'Delete', stream, { any: {} })) as { position: { commitPosition: bigint } };
    const [metadata] = await recordsOf(`$$${stream}`);
    expect(JSON.parse(metadata!.event.event!.data.toString().replace('9223372036854775807', '"largest"'))).toEqual({ $tb: 'largest' });
    expect(answer.position.commitPosition).toBe(metadata!.event.commitPosition);
  });

  it('leaves nothing of itself but $tb when the stream comes back', async () => {
    const stream = fresh();
    await append(raw, stream, NO_STREAM, proposedEvent());
    const metadata = {
      metadata: { type: '$metadata', 'content-type': 'application/json' },
      data: Buffer.from('{"owner":"me","$tb":9223372036854775807}'),
    };
    await append(raw, `$$${stream}`, NO_STREAM, proposedEvent(metadata));
    expect(await recordsOf(stream)).toMatchObject([{ streamNotFound: {} }]);
    await append(raw, stream, { any: {} }, proposedEvent());
    const [after] = await recordsOf(`$$${stream}`);
    expect(JSON.parse(after!.event.event!.data.toString())).toEqual({ owner: 'me', $tb: 1 });
  });

  it('that can not answers with the position of the tombstone, the last event of the stream in all', async () => {
    const stream = fresh();
    await append(raw, stream, NO_STREAM, proposedEvent());
    const { position } = (await remove(raw, 'Tombstone', stream, { revision: 0 })) as {
      position: { commitPosition: bigint; preparePosition: bigint };
    };
    const bound = { commitPosition: Number(position.commitPosition), preparePosition: Number(position.preparePosition) };
    const [tombstone] = (await readAnswers(raw, { all: { position: bound }, count: 1 })) as unknown as RecordedAnswer[];
    expect(tombstone!.event.event).toMatchObject({ streamRevision: 9223372036854775807n, metadata: { type: '$streamDeleted' } });
  });
});
