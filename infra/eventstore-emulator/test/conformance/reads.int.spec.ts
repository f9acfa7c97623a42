import { randomUUID } from 'node:crypto';
import type { ReadAllOptions, ReadStreamOptions } from '@eventstore/db-client';
import { describe, expect, it } from 'vitest';
import { binaryEvent, jsonEvent } from '../client-under-test.ts';
import { read } from '../emulator-process.ts';
import { ServerUnderTest } from '../server-under-test.ts';

const server = await ServerUnderTest.start();
const client = server.client();

const anEvent = (type = 'Happened') => jsonEvent({ type, data: {} });

async function streamOf(count: number, stream = `thing-${randomUUID()}`): Promise<string> {
  await client.appendToStream(
    stream,
    Array.from({ length: count }, () => anEvent()),
    { expectedRevision: 'no_stream' },
  );
  return stream;
}

describe('Reading a stream', () => {
  const revisions = async (stream: string, options: ReadStreamOptions): Promise<number[]> =>
    (await read(client.readStream(stream, options))).map(({ revision }) => Number(revision));

  it.each<[string, ReadStreamOptions, number[]]>([
    ['from the start', {}, [0, 1, 2, 3, 4]],
    ['from a revision on, that one included', { fromRevision: 2n }, [2, 3, 4]],
    ['at most so many', { fromRevision: 1n, maxCount: 2 }, [1, 2]],
    ['beyond its end', { fromRevision: 5n }, []],
    ['from the largest revision', { fromRevision: 2n ** 63n - 1n }, []],
    ['backwards from the end', { direction: 'backwards', fromRevision: 'end' }, [4, 3, 2, 1, 0]],
    ['backwards from a revision, that one included', { direction: 'backwards', fromRevision: 2n }, [2, 1, 0]],
    ['backwards from beyond its end', { direction: 'backwards', fromRevision: 99n, maxCount: 1 }, [4]],
  ])('%s', async (_title, options, expected) => {
    expect(await revisions(await streamOf(5), options)).toEqual(expected);
  });

  it('gives every event of a long one', async () => {
    const stream = await streamOf(350);
    const all = Array.from({ length: 350 }, (_, revision) => revision);
    expect(await revisions(stream, {})).toEqual(all);
    expect(await revisions(stream, { direction: 'backwards', fromRevision: 'end' })).toEqual(all.toReversed());
  });

  it('that does not exist says so, in both directions', async () => {
    for (const options of [{}, { direction: 'backwards', fromRevision: 'end' }] as const) {
      await expect(read(client.readStream('thing-none', options))).rejects.toMatchObject({
        type: 'stream-not-found',
        streamName: 'thing-none',
      });
    }
  });

  it('whose name is not ASCII', async () => {
    const stream = await streamOf(1, `größe-${randomUUID()}`);
    expect(await read(client.readStream(stream))).toMatchObject([{ streamId: stream }]);
  });
});

describe('Reading all', () => {
  const ids = async (options: ReadAllOptions): Promise<string[]> => (await read(client.readAll(options))).map(({ id }) => id);

  it('gives all streams in the order of their appends, both ways', async () => {
    const [a, b] = [await streamOf(2), await streamOf(2)];
    const own = ({ streamId }: { streamId: string }): boolean => streamId.startsWith('thing-');
    const forwards = (await read(client.readAll({ direction: 'forwards', fromPosition: 'start' }))).filter(own);
    const backwards = (await read(client.readAll({ direction: 'backwards', fromPosition: 'end' }))).filter(own);
    expect(forwards.slice(-4).map(({ streamId, revision }) => [streamId, revision])).toEqual([
      [a, 0n],
      [a, 1n],
      [b, 0n],
      [b, 1n],
    ]);
    expect(backwards.map(({ id }) => id)).toEqual(forwards.map(({ id }) => id).toReversed());
    const positions = forwards.map(({ position }) => position.commit);
    expect(positions).toEqual(positions.toSorted((x, y) => Number(x - y)));
    expect(new Set(positions).size).toBe(positions.length);
  });

  it('begins with events that the server wrote before anybody came', async () => {
    const [first] = await read(client.readAll({ maxCount: 1 }));
    expect(first!.streamId).toMatch(/^\$/);
  });

  it('includes the position it starts from forwards and leaves it out backwards', async () => {
    const stream = await streamOf(3);
    const [first, second, third] = await read(client.readStream(stream));
    expect(await ids({ fromPosition: second!.position! })).toEqual([second!.id, third!.id]);
    expect(await ids({ direction: 'backwards', fromPosition: second!.position!, maxCount: 1 })).toEqual([first!.id]);
  });

  it('leaves out the bookkeeping of groups that read all, and shows every other system stream', async () => {
    const group = randomUUID();
    const kinds = ['checkpoint', 'parked', 'other'].map((kind) => `$persistentsubscription-$all::${group}-${kind}`);
    for (const stream of kinds) await streamOf(1, stream);
    const shown = async (options: ReadAllOptions): Promise<string[]> =>
      (await read(client.readAll(options))).map(({ streamId }) => streamId).filter((stream) => stream.includes(group));
    expect(await shown({})).toEqual([kinds[2]]);
    expect(await shown({ direction: 'backwards', fromPosition: 'end' })).toEqual([kinds[2]]);
    expect(await read(client.readStream(kinds[0]!))).toHaveLength(1);
  });
});

describe('Links', () => {
  const link = (target: string) => binaryEvent({ type: '$>', data: Buffer.from(target) });

  it('lead to streams whose names hold an @', async () => {
    const target = await streamOf(2, `thing@home-${randomUUID()}`);
    const links = `links-${randomUUID()}`;
    await client.appendToStream(links, link(`1@${target}`), { expectedRevision: 'no_stream' });
    expect(await read(client.readStream(links, { resolveLinkTos: true }))).toMatchObject([{ streamId: target, revision: 1n }]);
  });

  it('lead to their events when the reader wants that', async () => {
    const target = await streamOf(2);
    const links = `links-${randomUUID()}`;
    await client.appendToStream(
      links,
      [link(`1@${target}`), link(`9@${target}`), link('0@nowhere-1'), link('nonsense'), anEvent(), link(`9999999999999999999@${target}`)],
      { expectedRevision: 'no_stream' },
    );
    const resolved = await Array.fromAsync(client.readStream(links, { resolveLinkTos: true }));
    expect(resolved.map(({ event, link }) => [event?.streamId, event?.revision, link?.revision])).toEqual([
      [target, 1n, 0n],
      [undefined, undefined, 1n],
      [undefined, undefined, 2n],
      [links, 3n, undefined],
      [links, 4n, undefined],
      [links, 5n, undefined],
    ]);
    await client.setStreamMetadata(target, { truncateBefore: 2 });
    const [truncated] = await Array.fromAsync(client.readStream(links, { resolveLinkTos: true, maxCount: 1 }));
    expect([truncated!.event, truncated!.link?.revision]).toEqual([undefined, 0n]);
    await client.tombstoneStream(target);
    const [deleted] = await Array.fromAsync(client.readStream(links, { resolveLinkTos: true, maxCount: 1 }));
    expect([deleted!.event, deleted!.link?.revision]).toEqual([undefined, 0n]);
    const plain = await Array.fromAsync(client.readStream(links));
    expect(plain.every(({ event, link }) => event?.streamId === links && link === undefined)).toBe(true);
  });
});
