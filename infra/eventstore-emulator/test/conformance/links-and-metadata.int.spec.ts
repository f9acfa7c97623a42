import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { ResolvedEvent } from '@eventstore/db-client';
import { describe, expect, it, vi } from 'vitest';
import { binaryEvent, jsonEvent } from '../client-under-test.ts';
import { read } from '../emulator-process.ts';
import { ServerUnderTest } from '../server-under-test.ts';

const server = await ServerUnderTest.start();
const client = server.client();

const ANYWHERE = 'any';
const anEvent = () => jsonEvent({ type: 'Happened', data: {} });
const fresh = (category = 'thing'): string => `${category}-${randomUUID()}`;
async function streamOf(count: number, stream = fresh()): Promise<string> {
  await client.appendToStream(stream, Array.from({ length: count }, anEvent), { expectedRevision: ANYWHERE });
  return stream;
}
async function linkTo(target: string, revision = 0): Promise<string> {
  const links = fresh('links');
  await client.appendToStream(links, binaryEvent({ type: '$>', data: Buffer.from(`${revision}@${target}`) }), {
    expectedRevision: 'no_stream',
  });
  return links;
}

describe('A link', () => {
  it('is followed in all, by readers and by subscribers', async () => {
    const target = await streamOf(1);
    const subscription = client.subscribeToAll({ fromPosition: 'end', resolveLinkTos: true });
    const seen: ResolvedEvent[] = [];
    subscription.on('data', (event: ResolvedEvent) => seen.push(event));
    await once(subscription, 'caughtUp');
    const links = await linkTo(target);
    const leads = { event: { streamId: target, revision: 0n }, link: { streamId: links } };
    const inAll = await Array.fromAsync(client.readAll({ resolveLinkTos: true }));
    expect(inAll.filter(({ link }) => link?.streamId === links)).toMatchObject([leads]);
    await vi.waitFor(() => expect(seen.filter(({ link }) => link?.streamId === links)).toMatchObject([leads]), { timeout: 30_000 });
    await subscription.unsubscribe();
  });

  it.each([
    ['softly', (stream: string) => client.deleteStream(stream)],
    ['for ever', (stream: string) => client.tombstoneStream(stream)],
  ])('leads nowhere when its stream was deleted %s', async (_title, remove) => {
    const target = await streamOf(2);
    const links = await linkTo(target, 1);
    await remove(target);
    const [answer] = await Array.fromAsync(client.readStream(links, { resolveLinkTos: true }));
    expect(answer!.link).toMatchObject({ streamId: links });
    expect(answer!.event).toBeUndefined();
  });
});

describe('In a stream of metadata', () => {
  it.each([
    ['JSON of another type hides as much as metadata do', jsonEvent({ type: 'Other', data: { $maxCount: 1 } }), 1],
    ['bytes hide nothing', binaryEvent({ type: '$metadata', data: Buffer.from('{"$maxCount":1}') }), 3],
  ])('%s', async (_title, event, shown) => {
    const stream = await streamOf(3);
    await client.appendToStream(`$$${stream}`, event, { expectedRevision: 'no_stream' });
    expect(await read(client.readStream(stream))).toHaveLength(shown);
  });
});

it('The bookkeeping of groups that read one stream is in all', async () => {
  const streams = ['checkpoint', 'parked'].map((kind) => `$persistentsubscription-${fresh()}::group-${kind}`);
  for (const stream of streams) await streamOf(1, stream);
  const inAll = await read(client.readAll({}));
  expect(inAll.map(({ streamId }) => streamId).filter((stream) => streams.includes(stream))).toEqual(streams);
});
