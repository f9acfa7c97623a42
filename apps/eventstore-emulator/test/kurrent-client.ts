// KurrentDB's client in a process of its own: it and EventStoreDB's can't be loaded together. Runs the scenario
// that is named, and writes what it saw as JSON.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { KurrentDBClient, type EventData, binaryEvent, eventTypeFilter, jsonEvent, streamNameFilter } from '@kurrent/kurrentdb-client';

const [url = '', scenario = ''] = process.argv.slice(2);
const client = KurrentDBClient.connectionString(url);
const fact = (type = 'Happened', data: object = {}): EventData => jsonEvent({ type, data: { ...data } });
const fresh = (category = 'thing'): string => `${category}-${randomUUID()}`;
const refusal = async (work: Promise<unknown>): Promise<unknown> => work.then(() => 'none', (cause: unknown) => (cause as { type?: string }).type ?? String(cause));
const all = async <Item>(items: AsyncIterable<Item>): Promise<Item[]> => Array.fromAsync(items);

async function streamOf(count: number): Promise<string> {
  const stream = fresh();
  await client.appendToStream(stream, Array.from({ length: count }, () => fact()), { streamState: 'no_stream' });
  return stream;
}
const revisions = async (stream: string, options: Parameters<typeof client.readStream>[1] = {}): Promise<string[]> =>
  (await all(client.readStream(stream, options))).map(({ event }) => String(event?.revision));

const scenarios: Readonly<Record<string, () => Promise<unknown>>> = {
  appends: async () => {
    const stream = fresh();
    const events = [fact(), fact()];
    const first = await client.appendToStream(stream, events, { streamState: 'no_stream' });
    const repeat = await client.appendToStream(stream, events, { streamState: 'no_stream' });
    return {
      first: first.nextExpectedRevision.toString(),
      isSamePosition: first.position?.commit === repeat.position?.commit,
      wrong: await refusal(client.appendToStream(stream, fact(), { streamState: 7n })),
      missing: await refusal(client.appendToStream(fresh(), fact(), { streamState: 'stream_exists' })),
      stored: await revisions(stream),
    };
  },
  reads: async () => {
    const stream = await streamOf(5);
    const links = fresh('links');
    await client.appendToStream(links, binaryEvent({ type: '$>', data: Buffer.from(`3@${stream}`) }), { streamState: 'no_stream' });
    const [resolved] = await all(client.readStream(links, { resolveLinkTos: true }));
    return {
      forwards: await revisions(stream, { fromRevision: 3n }),
      backwards: await revisions(stream, { direction: 'backwards', fromRevision: 'end', maxCount: 2 }),
      link: [resolved?.event?.streamId === stream, String(resolved?.event?.revision), resolved?.link?.streamId === links],
      inAll: (await all(client.readAll({ direction: 'backwards', fromPosition: 'end', maxCount: 2 }))).map(({ event }) => event?.streamId === stream || event?.streamId === links),
      none: await refusal(all(client.readStream(fresh()))),
    };
  },
  deletions: async () => {
    const [soft, hard] = [await streamOf(2), await streamOf(2)];
    await client.deleteStream(soft, { expectedRevision: 1n });
    await client.tombstoneStream(hard);
    const gone = await refusal(all(client.readStream(soft)));
    await client.appendToStream(soft, fact(), { streamState: 'no_stream' });
    return {
      gone,
      recreated: await revisions(soft),
      tombstoned: [await refusal(all(client.readStream(hard))), await refusal(client.appendToStream(hard, fact(), { streamState: 'no_stream' }))],
      never: await refusal(client.deleteStream(fresh())),
    };
  },
  metadata: async () => {
    const stream = await streamOf(5);
    await client.setStreamMetadata(stream, { maxCount: 2, owner: 'me' });
    return { metadata: (await client.getStreamMetadata(stream)).metadata, kept: await revisions(stream) };
  },
  subscriptions: async () => {
    const category = `c${randomUUID().replaceAll('-', '')}`;
    const seen: string[] = [];
    await client.appendToStream(`${category}-1`, [fact(), fact('Other')], { streamState: 'no_stream' });
    const checkpointReached = (): void => void seen.push('checkpoint');
    const byStream = client.subscribeToAll({ filter: streamNameFilter({ prefixes: [`${category}-`], checkpointInterval: 1000, checkpointReached }) });
    byStream.on('data', ({ event }) => seen.push(`${event?.type} ${event?.revision}`));
    byStream.on('caughtUp', () => seen.push('caught up'));
    await once(byStream, 'caughtUp');
    await client.appendToStream(`${category}-1`, fact('Live'), { streamState: 1n });
    await once(byStream, 'data');
    await byStream.unsubscribe();
    const byType = client.subscribeToAll({ filter: eventTypeFilter({ regex: '^Nothing$' }) });
    await once(byType, 'caughtUp');
    await byType.unsubscribe();
    return seen;
  },
};

const result = await scenarios[scenario]!();
await client.dispose();
process.stdout.write(JSON.stringify(result));
