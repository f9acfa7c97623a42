import { randomUUID } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import { StreamDeletedError, WrongExpectedVersionError, jsonEvent } from '../client-under-test.ts';
import { read } from '../emulator-process.ts';
import { ServerUnderTest } from '../server-under-test.ts';

const server = await ServerUnderTest.start();
const client = server.client();

const anEvent = () => jsonEvent({ type: 'Happened', data: {} });

async function streamOf(count: number): Promise<string> {
  const stream = `thing-${randomUUID()}`;
  await client.appendToStream(stream, Array.from({ length: count }, anEvent), { expectedRevision: 'no_stream' });
  return stream;
}
const revisions = async (stream: string): Promise<number[]> =>
  (await read(client.readStream(stream))).map(({ revision }) => Number(revision));
const backwards = async (stream: string): Promise<number[]> =>
  (await read(client.readStream(stream, { direction: 'backwards', fromRevision: 'end' }))).map(({ revision }) => Number(revision));
const metadata = async (stream: string) => (await client.getStreamMetadata(stream)).metadata;

describe('Stream metadata', () => {
  it('with $maxCount keep the newest events', async () => {
    const stream = await streamOf(5);
    await client.setStreamMetadata(stream, { maxCount: 2 });
    expect(await revisions(stream)).toEqual([3, 4]);
    expect(await backwards(stream)).toEqual([4, 3]);
    await client.appendToStream(stream, anEvent(), { expectedRevision: 4n });
    expect(await revisions(stream)).toEqual([4, 5]);
    await client.setStreamMetadata(stream, {});
    expect(await revisions(stream)).toHaveLength(6);
  });

  it('with $tb hide what is before a revision, or everything', async () => {
    const stream = await streamOf(5);
    await client.setStreamMetadata(stream, { truncateBefore: 3 });
    expect(await revisions(stream)).toEqual([3, 4]);
    await client.setStreamMetadata(stream, { truncateBefore: 99 });
    expect(await revisions(stream)).toEqual([]);
  });

  it('with $maxAge hide what is older', async () => {
    const stream = await streamOf(2);
    await client.setStreamMetadata(stream, { maxAge: 1 });
    expect(await revisions(stream)).toEqual([0, 1]);
    await vi.waitFor(async () => expect(await revisions(stream)).toEqual([]), { timeout: 20_000, interval: 100 });
    await client.appendToStream(stream, anEvent(), { expectedRevision: 1n });
    expect(await revisions(stream)).toEqual([2]);
    expect(await backwards(stream)).toEqual([2]);
  });

  it('with several limits hide what any of them hides', async () => {
    const stream = await streamOf(6);
    await client.setStreamMetadata(stream, { maxCount: 4, truncateBefore: 1 });
    expect(await revisions(stream)).toEqual([2, 3, 4, 5]);
    await client.setStreamMetadata(stream, { maxCount: 4, truncateBefore: 5 });
    expect(await revisions(stream)).toEqual([5]);
  });

  it('let a read from what is hidden begin at what is left, and end there backwards', async () => {
    const stream = await streamOf(6);
    await client.setStreamMetadata(stream, { truncateBefore: 4 });
    expect((await read(client.readStream(stream, { fromRevision: 1n }))).map(({ revision }) => revision)).toEqual([4n, 5n]);
    expect(await backwards(stream)).toEqual([5, 4]);
    expect(await read(client.readStream(stream, { direction: 'backwards', fromRevision: 2n }))).toEqual([]);
  });

  it('are given back as they were set, under the names that the server knows', async () => {
    const stream = await streamOf(1);
    const acl = { readRoles: ['a', '$all'], writeRoles: ['b'], deleteRoles: ['c'], metaReadRoles: ['$all'], metaWriteRoles: ['$all'] };
    const set = { maxCount: 3, maxAge: 600, truncateBefore: 0, cacheControl: 60, acl, owner: 'me' };
    await client.setStreamMetadata(stream, set);
    expect(await metadata(stream)).toEqual(set);
    const [stored] = await read(client.readStream(`$$${stream}`));
    expect(stored).toMatchObject({ type: '$metadata', isJson: true });
    expect(stored!.data).toEqual({
      $maxCount: 3,
      $maxAge: 600,
      $tb: 0,
      $cacheControl: 60,
      owner: 'me',
      $acl: { $r: ['a', '$all'], $w: ['b'], $d: ['c'], $mr: ['$all'], $mw: ['$all'] },
    });
  });

  it('of a stream without events can be set, and do not make it one that is found', async () => {
    const stream = `thing-${randomUUID()}`;
    await client.setStreamMetadata(stream, { owner: 'me' });
    expect(await metadata(stream)).toEqual({ owner: 'me' });
    await expect(revisions(stream)).rejects.toMatchObject({ type: 'stream-not-found' });
  });

  it('are a stream of which only the last can be read', async () => {
    const stream = await streamOf(1);
    await client.setStreamMetadata(stream, { owner: 'first' });
    await client.setStreamMetadata(stream, { owner: 'second' });
    expect(await metadata(stream)).toEqual({ owner: 'second' });
    expect(await revisions(`$$${stream}`)).toEqual([1]);
  });

  it('hide nothing from all', async () => {
    const stream = await streamOf(3);
    await client.setStreamMetadata(stream, { maxCount: 1 });
    const inAll = (await read(client.readAll({}))).filter(({ streamId }) => streamId === stream);
    expect(inAll).toHaveLength(3);
  });
});

describe('A soft-deleted stream', () => {
  it('is not found, and keeps its events in all', async () => {
    const stream = await streamOf(2);
    await client.deleteStream(stream, { expectedRevision: 1n });
    await expect(revisions(stream)).rejects.toMatchObject({ type: 'stream-not-found' });
    await expect(backwards(stream)).rejects.toMatchObject({ type: 'stream-not-found' });
    expect((await read(client.readAll({}))).filter(({ streamId }) => streamId === stream)).toHaveLength(2);
    expect(await read(client.readStream(`$$${stream}`))).toMatchObject([{ type: '$metadata', isJson: true }]);
  });

  it('is recreated by the next append, behind what was deleted and with its other metadata', async () => {
    const stream = await streamOf(2);
    await client.deleteStream(stream);
    await client.appendToStream(stream, [anEvent(), anEvent()], { expectedRevision: 'no_stream' });
    expect(await revisions(stream)).toEqual([2, 3]);
    expect(await metadata(stream)).toEqual({ truncateBefore: 2 });
  });

  it('stays empty when metadata are set, until somebody appends', async () => {
    const stream = await streamOf(2);
    await client.deleteStream(stream);
    await client.setStreamMetadata(stream, { owner: 'me' });
    expect(await metadata(stream)).toEqual({ owner: 'me', truncateBefore: 2 });
    expect(await revisions(stream)).toEqual([]);
    await client.appendToStream(stream, anEvent(), { expectedRevision: 1n });
    expect(await revisions(stream)).toEqual([2]);
  });

  it('can be deleted and recreated again and again', async () => {
    const stream = await streamOf(1);
    for (const revision of [1, 2, 3]) {
      await client.deleteStream(stream);
      await client.appendToStream(stream, anEvent(), { expectedRevision: 'no_stream' });
      expect(await revisions(stream)).toEqual([revision]);
    }
  });
});

describe('A deletion', () => {
  it.each([
    ['at another revision', 0n],
    ['of no stream that is one', 'no_stream'],
    ['ahead of the revision', 9n],
  ] as const)('%s is refused with both revisions', async (_title, expectedRevision) => {
    const stream = await streamOf(2);
    const expectedVersion = expectedRevision === 'no_stream' ? -1n : expectedRevision;
    for (const remove of [client.deleteStream.bind(client), client.tombstoneStream.bind(client)]) {
      await expect(remove(stream, { expectedRevision })).rejects.toMatchObject({
        constructor: WrongExpectedVersionError,
        streamName: stream,
        expectedVersion,
        actualVersion: 1n,
      });
    }
    expect(await revisions(stream)).toEqual([0, 1]);
  });

  it('of a stream that has only metadata replaces them', async () => {
    const stream = `thing-${randomUUID()}`;
    await client.setStreamMetadata(stream, { owner: 'me' });
    await client.deleteStream(stream);
    const [stored] = await read(client.readStream(`$$${stream}`));
    expect(Object.keys(stored!.data as object)).toEqual(['$tb']);
  });

  it('of a stream that never was is refused, whatever is expected', async () => {
    await expect(client.deleteStream(`thing-${randomUUID()}`)).rejects.toMatchObject({
      constructor: WrongExpectedVersionError,
      actualVersion: 'no_stream',
    });
  });

  it('for ever can not be undone', async () => {
    const stream = await streamOf(2);
    await client.tombstoneStream(stream);
    await expect(revisions(stream)).rejects.toBeInstanceOf(StreamDeletedError);
    await expect(client.appendToStream(stream, anEvent(), { expectedRevision: 'no_stream' })).rejects.toBeInstanceOf(StreamDeletedError);
    await expect(client.deleteStream(stream)).rejects.toMatchObject({ constructor: StreamDeletedError, streamName: stream });
    await expect(client.getStreamMetadata(stream)).rejects.toBeInstanceOf(StreamDeletedError);
    await client.setStreamMetadata(stream, { owner: 'me' });
    const inAll = (await read(client.readAll({}))).filter(({ streamId }) => streamId === stream);
    expect(inAll.at(-1)).toMatchObject({ type: '$streamDeleted', revision: 9223372036854775807n });
  });

  it('for ever works on a stream that never was', async () => {
    const stream = `thing-${randomUUID()}`;
    await client.tombstoneStream(stream, { expectedRevision: 'no_stream' });
    await expect(revisions(stream)).rejects.toBeInstanceOf(StreamDeletedError);
  });

  it('for ever of a stream whose name is not ASCII is told as of any other', async () => {
    const stream = `größe-${randomUUID()}`;
    await client.tombstoneStream(stream, { expectedRevision: 'no_stream' });
    await expect(revisions(stream)).rejects.toBeInstanceOf(StreamDeletedError);
    await expect(client.appendToStream(stream, anEvent(), { expectedRevision: 'no_stream' })).rejects.toBeInstanceOf(StreamDeletedError);
  });
});
