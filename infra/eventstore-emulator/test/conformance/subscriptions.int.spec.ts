import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { AllStreamSubscription, Position, StreamSubscription } from '@eventstore/db-client';
import { describe, expect, it, vi } from 'vitest';
import { StreamDeletedError, eventTypeFilter, excludeSystemEvents, jsonEvent, streamNameFilter } from '../client-under-test.ts';
import { read } from '../emulator-process.ts';
import { ServerUnderTest } from '../server-under-test.ts';

const server = await ServerUnderTest.start();
const client = server.client();

const anEvent = (type = 'Happened') => jsonEvent({ type, data: {} });
const fresh = (category = 'thing'): string => `${category}-${randomUUID()}`;
const category = (): string => `c${randomUUID().replaceAll('-', '')}`;

const eventually = (assertion: () => void): Promise<void> => vi.waitFor(assertion, { timeout: 30_000 });

const ANYWHERE = 'any';
async function add(stream: string, count: number, type?: string): Promise<void> {
  await client.appendToStream(
    stream,
    Array.from({ length: count }, () => anEvent(type)),
    { expectedRevision: ANYWHERE },
  );
}
type Seen = number | 'confirmation' | 'caught up' | 'fell behind';

/** Everything a subscription says, events as their revisions; of all, only those of one stream, as others write too. */
function watch(
  subscription: AllStreamSubscription | StreamSubscription,
  only?: string,
): { readonly seen: Seen[]; readonly failure: Promise<Error> } {
  const seen: Seen[] = [];
  subscription.on('confirmation', () => seen.push('confirmation'));
  subscription.on('caughtUp', () => seen.push('caught up'));
  subscription.on('fellBehind', () => seen.push('fell behind'));
  subscription.on('data', ({ event }: { event?: { streamId: string; revision: bigint } }) => {
    if (only === undefined || event!.streamId === only) seen.push(Number(event!.revision));
  });
  const failure = new Promise<Error>((resolve) => subscription.on('error', resolve));
  return { seen, failure };
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, n) => from + n);

describe('A subscription to a stream', () => {
  it.each<[string, 'start' | 'end' | bigint, number[]]>([
    ['the start gives everything', 'start', [0, 1, 2]],
    ['a revision gives what follows it', 1n, [2]],
    ['its last revision gives only what is new', 2n, []],
    ['the end gives only what is new', 'end', []],
  ])('from %s, then catches up and goes on live', async (_title, fromRevision, old) => {
    const stream = fresh();
    await add(stream, 3);
    const subscription = client.subscribeToStream(stream, { fromRevision });
    const { seen } = watch(subscription);
    await eventually(() => expect(seen).toEqual(['confirmation', ...old, 'caught up']));
    await add(stream, 2);
    await eventually(() => expect(seen).toEqual(['confirmation', ...old, 'caught up', 3, 4]));
    await subscription.unsubscribe();
  });

  it('from beyond the end gives what comes after that', async () => {
    const stream = fresh();
    await add(stream, 1);
    const subscription = client.subscribeToStream(stream, { fromRevision: 2n });
    const { seen } = watch(subscription);
    await eventually(() => expect(seen).toContain('caught up'));
    await add(stream, 4);
    await eventually(() => expect(seen).toEqual(['confirmation', 'caught up', 3, 4]));
    await subscription.unsubscribe();
  });

  it('that does not exist yet waits for it', async () => {
    const stream = fresh();
    const subscription = client.subscribeToStream(stream);
    const { seen } = watch(subscription);
    await eventually(() => expect(seen).toEqual(['confirmation', 'caught up']));
    await add(stream, 1);
    await eventually(() => expect(seen).toEqual(['confirmation', 'caught up', 0]));
    await subscription.unsubscribe();
  });

  it('leaves out what $maxCount hides, but nothing that is written while it is live', async () => {
    const stream = fresh();
    await client.setStreamMetadata(stream, { maxCount: 2 });
    await add(stream, 5);
    const subscription = client.subscribeToStream(stream);
    const { seen } = watch(subscription);
    await eventually(() => expect(seen).toEqual(['confirmation', 3, 4, 'caught up']));
    await add(stream, 4);
    await eventually(() => expect(seen.slice(4)).toEqual([5, 6, 7, 8]));
    await subscription.unsubscribe();
  });

  it('ends with an error after the tombstone of its stream', async () => {
    const stream = fresh();
    await add(stream, 1);
    const subscription = client.subscribeToStream(stream);
    const { seen, failure } = watch(subscription);
    await eventually(() => expect(seen).toContain('caught up'));
    await client.tombstoneStream(stream);
    expect(await failure).toBeInstanceOf(StreamDeletedError);
    expect(seen.slice(0, 3)).toEqual(['confirmation', 0, 'caught up']);
    const { failure: later } = watch(client.subscribeToStream(stream));
    expect(await later).toBeInstanceOf(StreamDeletedError);
  });
});

describe('A subscription to all', () => {
  it('from a position gives what follows it, in the order of the log', async () => {
    const [a, b] = [fresh(), fresh()];
    await add(a, 2);
    const [first] = await read(client.readStream(a));
    const subscription = client.subscribeToAll({ fromPosition: first!.position! });
    const seen: [string, number][] = [];
    subscription.on('data', ({ event }) => {
      if ([a, b].includes(event!.streamId)) seen.push([event!.streamId, Number(event!.revision)]);
    });
    await once(subscription, 'caughtUp');
    await add(b, 2);
    await eventually(() =>
      expect(seen).toEqual([
        [a, 1],
        [b, 0],
        [b, 1],
      ]),
    );
    await subscription.unsubscribe();
  });

  it('from the end gives only what is new', async () => {
    await add(fresh(), 1);
    const stream = fresh();
    const subscription = client.subscribeToAll({ fromPosition: 'end' });
    const { seen } = watch(subscription, stream);
    await eventually(() => expect(seen).toEqual(['confirmation', 'caught up']));
    await add(stream, 1);
    await eventually(() => expect(seen).toEqual(['confirmation', 'caught up', 0]));
    await subscription.unsubscribe();
  });

  it('without system events gives what clients wrote', async () => {
    const stream = fresh();
    await add(stream, 2);
    await client.setStreamMetadata(stream, { owner: 'me' });
    const written = (await read(client.readAll())).filter(({ type }) => !type.startsWith('$')).map(({ id }) => id);
    const subscription = client.subscribeToAll({ filter: excludeSystemEvents() });
    const ids: string[] = [];
    subscription.on('data', ({ event }) => ids.push(event!.id));
    await eventually(() => expect(ids).toHaveLength(written.length));
    expect(ids).toEqual(written);
    await subscription.unsubscribe();
  });

  it('from beyond the end leaves out what comes before that', async () => {
    const { position } = await client.appendToStream(fresh(), anEvent(), { expectedRevision: 'no_stream' });
    const subscription = client.subscribeToAll({ fromPosition: { commit: position!.commit + 400n, prepare: position!.prepare + 400n } });
    const positions: bigint[] = [];
    subscription.on('data', ({ event }) => positions.push(event!.position.commit));
    await once(subscription, 'caughtUp');
    await add(fresh(), 20);
    await eventually(() => expect(positions.length).toBeGreaterThan(10));
    expect(positions.length).toBeLessThan(20);
    expect(positions[0]).toBeGreaterThan(position!.commit + 400n);
    await subscription.unsubscribe();
  });

  it.each([
    ['stream prefixes', (c: string) => streamNameFilter({ prefixes: ['none-', `${c}-`] })],
    ['a pattern of streams', (c: string) => streamNameFilter({ regex: `^${c}-.*1$` })],
    ['type prefixes', (c: string) => eventTypeFilter({ prefixes: [`${c}Type`] })],
    ['a pattern of types', (c: string) => eventTypeFilter({ regex: `^${c}` })],
  ])('gives what %s match, old and new', async (_title, filterOf) => {
    const c = category();
    await add(`${c}-1`, 2, `${c}Type`);
    await add(`other-${c}`, 2);
    const subscription = client.subscribeToAll({ filter: filterOf(c) });
    const streams: string[] = [];
    subscription.on('data', ({ event }) => streams.push(event!.streamId));
    await once(subscription, 'caughtUp');
    expect(streams).toEqual([`${c}-1`, `${c}-1`]);
    await add(`other-${c}`, 2);
    await add(`${c}-1`, 1, `${c}Type`);
    await eventually(() => expect(streams).toHaveLength(3));
    await subscription.unsubscribe();
  });
});

describe('Checkpoints', () => {
  interface Step {
    readonly checkpoint?: bigint;
    readonly event?: bigint;
    readonly caughtUp?: true;
  }

  /** A filtered subscription from a position, with everything it says in order. */
  function follow(
    prefix: string,
    fromPosition: Position,
    intervals: number,
  ): { readonly steps: Step[]; readonly subscription: AllStreamSubscription } {
    const steps: Step[] = [];
    const filter = streamNameFilter({
      prefixes: [prefix],
      checkpointInterval: intervals,
      checkpointReached: (_subscription, { commit }) => void steps.push({ checkpoint: commit }),
    });
    const subscription = client.subscribeToAll({ fromPosition, filter });
    subscription.on('data', ({ event }) => steps.push({ event: event!.position.commit }));
    subscription.on('caughtUp', () => steps.push({ caughtUp: true }));
    return { steps, subscription };
  }
  const mark = async (): Promise<Position> =>
    (await client.appendToStream(fresh('mark'), anEvent(), { expectedRevision: 'no_stream' })).position!;

  it('come after every 32 events, matching or not, and once before it is caught up', async () => {
    const c = category();
    const from = await mark();
    await add(`${c}-1`, 10);
    await add(fresh('other'), 60);
    const all = (await read(client.readAll({ fromPosition: from }))).map(({ position }) => position.commit).slice(1);
    const { steps, subscription } = follow(`${c}-`, from, 1);
    await eventually(() => expect(steps.at(-1)).toEqual({ caughtUp: true }));
    expect(steps).toEqual([
      ...all.slice(0, 10).map((event) => ({ event })),
      { checkpoint: all[31] },
      { checkpoint: all[63] },
      { checkpoint: all[69] },
      { caughtUp: true },
    ]);
    await subscription.unsubscribe();
  });

  it('are not repeated when it is caught up just there', async () => {
    const from = await mark();
    await add(fresh('other'), 64);
    const { steps, subscription } = follow('none-', from, 1);
    await eventually(() => expect(steps.at(-1)).toEqual({ caughtUp: true }));
    expect(steps.filter(({ checkpoint }) => checkpoint !== undefined)).toHaveLength(2);
    await subscription.unsubscribe();
  });

  it('do not come at the end to whoever starts there', async () => {
    await mark();
    const c = category();
    const steps: (bigint | 'event' | 'caught up')[] = [];
    const filter = streamNameFilter({
      prefixes: [`${c}-`],
      checkpointInterval: 1,
      checkpointReached: (_subscription, { commit }) => void steps.push(commit),
    });
    const subscription = client.subscribeToAll({ fromPosition: 'end', filter });
    subscription.on('data', () => steps.push('event'));
    subscription.on('caughtUp', () => steps.push('caught up'));
    await eventually(() => expect(steps).toHaveLength(1));
    await add(`${c}-1`, 1);
    await eventually(() => expect(steps).toEqual(['caught up', 'event']));
    await subscription.unsubscribe();
  });

  it('come while it is live too, and never twice for one position', async () => {
    const c = category();
    const { steps, subscription } = follow(`${c}-`, await mark(), 2);
    await eventually(() => expect(steps.at(-1)).toEqual({ caughtUp: true }));
    for (let n = 0; n < 16; n++) await add(fresh('other'), 4);
    await add(`${c}-1`, 1);
    await eventually(() => expect(steps.at(-1)).toHaveProperty('event'));
    const checkpoints = steps.flatMap(({ checkpoint }) => checkpoint ?? []);
    expect(checkpoints).toHaveLength(2);
    expect(new Set(checkpoints).size).toBe(2);
    await subscription.unsubscribe();
  });

  it('are safe to go on from: nothing is missed', async () => {
    const c = category();
    const from = await mark();
    for (let n = 0; n < 30; n++) await add(n % 3 === 0 ? `${c}-${n}` : fresh('other'), 5);
    const { steps, subscription } = follow(`${c}-`, from, 1);
    await eventually(() => expect(steps.at(-1)).toEqual({ caughtUp: true }));
    await subscription.unsubscribe();
    const events = steps.flatMap(({ event }) => event ?? []);
    expect(events).toHaveLength(50);
    for (const [index, { checkpoint }] of steps.entries()) {
      if (checkpoint === undefined) continue;
      const delivered = steps.slice(0, index).flatMap(({ event }) => event ?? []);
      expect(delivered).toEqual(events.filter((event) => event <= checkpoint));
    }
  });
});

describe('A slow subscriber', () => {
  it('gets every event once and in order, catches up again without being told that it fell behind, and holds nobody up', async () => {
    const stream = fresh();
    const subscription = client.subscribeToStream(stream);
    await once(subscription, 'caughtUp');
    subscription.pause();
    for (let n = 0; n < 10; n++) await add(stream, 300);
    const { seen } = watch(subscription);
    subscription.resume();
    await eventually(() => expect(seen.filter((each) => typeof each === 'number')).toHaveLength(3000));
    expect(seen.filter((each) => typeof each === 'number')).toEqual(range(0, 3000));
    await eventually(() => expect(seen.at(-1)).toBe('caught up'));
    expect(seen).not.toContain('fell behind');
    await subscription.unsubscribe();
  });
});
