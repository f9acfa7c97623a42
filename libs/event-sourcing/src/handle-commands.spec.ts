import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Decider } from './decider.ts';
import { derivedId } from './event-id.ts';
import { type AppendResult, type EventStore, StreamContended } from './event-store.ts';
import { type Cause, type IfRevision, assertNoneRefused, handleCommandBatch, handleCommands } from './handle-commands.ts';
import { InMemoryEventStore } from './testing/in-memory-event-store.ts';

type Deposited = { readonly type: 'Deposited'; readonly data: { readonly coins: number } };
type Withdrawn = { readonly type: 'Withdrawn'; readonly data: { readonly coins: number } };

/** A purse: coins come and go, and never below zero. */
const purse: Decider<number, { readonly coins: number }, Deposited | Withdrawn, { type: 'too-few' }> = {
  category: 'purse',
  initialState: 0,
  decide: ({ coins }, held) => {
    if (coins === 0) return [];
    if (Number.isNaN(coins)) throw new Error('coins must be a number');
    if (held + coins < 0) return { rejection: { type: 'too-few' } };
    return [coins > 0 ? { type: 'Deposited', data: { coins } } : { type: 'Withdrawn', data: { coins: -coins } }];
  },
  evolve: (held, { type, data }) => (type === 'Deposited' ? held + data.coins : held - data.coins),
};
const options = { schemaVersion: () => 1 };
const cause = (id: string): Cause => ({ id, reaction: 'Test', correlationId: 'flow' });
const commands = (...coins: number[]) => coins.map((each, index) => ({ command: { coins: each }, cause: cause(`request-${index}`) }));

describe('Commands on one stream', () => {
  it('are decided in turn, each on the outcome of the one before, and appended at once', async () => {
    const store = new InMemoryEventStore();
    const results = await handleCommands(store, purse, '1', commands(5, -7, -5), options);
    expect(results).toMatchObject([
      { ok: true, state: 5, revision: 0 },
      { ok: false, rejection: { type: 'too-few' }, revision: 0 },
      { ok: true, state: 0, revision: 1 },
    ]);
    expect(store.all.map(({ event }) => event.type)).toEqual(['Deposited', 'Withdrawn']);
  });

  it('that change nothing append nothing', async () => {
    const store = new InMemoryEventStore();
    expect(await handleCommands(store, purse, '1', commands(0, -1), options)).toMatchObject([
      { ok: true, events: [], revision: null },
      { ok: false },
    ]);
    expect(store.all).toEqual([]);
  });

  it('that tell of what has happened must not be refused', async () => {
    const store = new InMemoryEventStore();
    const told = (coins: number) => handleCommands(store, purse, '1', commands(5, coins), options);
    assertNoneRefused(await told(-5));
    expect(() => assertNoneRefused([])).not.toThrow();
    const refused = await told(-11);
    expect(() => assertNoneRefused(refused)).toThrow('what has happened was refused: too-few');
  });

  it('give their events ids that derive from the cause, the stream and the reaction', async () => {
    const store = new InMemoryEventStore();
    await handleCommands(store, purse, '1', commands(5), options);
    expect(store.all[0]).toMatchObject({
      id: derivedId('request-0', 'purse-1', 'Test', '0'),
      metadata: { schemaVersion: 1, $correlationId: 'flow', $causationId: 'request-0' },
    });
  });

  it('are refused when the stream is not at the revision that they were meant for', async () => {
    const store = new InMemoryEventStore();
    await handleCommands(store, purse, '1', commands(5), options);
    const meantFor = (ifRevision: IfRevision) => handleCommands(store, purse, '1', [{ ...commands(1)[0]!, ifRevision }], options);
    const stale = [{ ok: false, rejection: { type: 'stale-revision' }, state: 5, revision: 0 }];
    expect(await meantFor('no_stream')).toEqual(stale);
    expect(await meantFor([1])).toEqual(stale);
    expect(await meantFor([])).toEqual(stale);
    expect(await meantFor([4, 0])).toMatchObject([{ ok: true, state: 6, revision: 1 }]);
    expect(await meantFor('*')).toMatchObject([{ ok: true, state: 7, revision: 2 }]);
  });

  it('meant for a stream that exists are refused where there is none', async () => {
    const results = await handleCommands(new InMemoryEventStore(), purse, '1', [{ ...commands(1)[0]!, ifRevision: '*' }], options);
    expect(results).toMatchObject([{ ok: false, rejection: { type: 'stale-revision' }, revision: null }]);
  });

  it('meant for a revision are refused when another writer was first', async () => {
    const store = new InMemoryEventStore();
    await handleCommands(store, purse, '1', commands(5), options);
    const results = await handleCommands(racing(store, 1), purse, '1', [{ ...commands(-5)[0]!, ifRevision: [0] }], options);
    expect(results).toMatchObject([{ ok: false, rejection: { type: 'stale-revision' }, revision: 1 }]);
  });

  it('are decided again on the new state when another writer was first', async () => {
    const store = new InMemoryEventStore();
    await handleCommands(store, purse, '1', commands(5), options);
    const results = await handleCommands(racing(store, 1), purse, '1', commands(-5), options);
    expect(results).toMatchObject([{ ok: true, state: 1 }]);
    expect(store.all.map(({ event }) => event.data)).toEqual([{ coins: 5 }, { coins: 1 }, { coins: 5 }]);
  });

  it('are given up as contended, not lost, when every race was lost, after pauses that grow', async () => {
    const store = new InMemoryEventStore();
    const pausesMs: number[] = [];
    const pause = async (forMs: number): Promise<void> => void pausesMs.push(forMs);
    await expect(handleCommands(racing(store, Infinity), purse, '1', commands(5), { ...options, pause })).rejects.toBeInstanceOf(
      StreamContended,
    );
    expect(pausesMs).toHaveLength(7);
    pausesMs.forEach((forMs, index) => expect(forMs / 2 ** index).toBeGreaterThanOrEqual(2));
  });

  it('of a hundred callers at once are all carried out, without a lost race', async () => {
    const store = new InMemoryEventStore();
    let conflicts = 0;
    const slow: EventStore = {
      async *read(stream) {
        const events = await Array.fromAsync(store.read(stream));
        await new Promise((resolve) => setImmediate(resolve));
        yield* events;
      },
      async append(...args) {
        const result = await store.append(...args);
        if (!result.ok) conflicts++;
        return result;
      },
    };
    const callers = Array.from({ length: 100 }, (_, n) =>
      handleCommands(slow, purse, '1', [{ command: { coins: 1 }, cause: cause(`caller-${n}`) }], options),
    );
    for (const [result] of await Promise.all(callers)) expect(result).toMatchObject({ ok: true });
    expect(store.all).toHaveLength(100);
    expect(conflicts).toBe(0);
  });

  it('expected to be the first ones are appended without a load, and decided again after one if they were not', async () => {
    const store = new InMemoryEventStore();
    const reads: string[] = [];
    const watched: EventStore = { append: store.append.bind(store), read: (stream) => (reads.push(stream), store.read(stream)) };
    await handleCommands(watched, purse, '1', commands(5), { ...options, newStreams: true });
    expect(reads).toEqual([]);
    const [result] = await handleCommands(watched, purse, '1', [{ command: { coins: -6 }, cause: cause('later') }], {
      ...options,
      newStreams: true,
    });
    expect(result).toMatchObject({ ok: false, rejection: { type: 'too-few' } });
    const [second] = await handleCommands(watched, purse, '1', [{ command: { coins: 2 }, cause: cause('later') }], {
      ...options,
      newStreams: true,
    });
    expect(second).toMatchObject({ ok: true, state: 7, revision: 1 });
    expect(reads).toEqual(['purse-1']);
  });
});

describe('A batch of commands on many streams', () => {
  it('is one append a stream, with results in the order of the batch', async () => {
    const store = new InMemoryEventStore();
    let appends = 0;
    const counted: EventStore = { read: store.read.bind(store), append: (...args) => (appends++, store.append(...args)) };
    const batch = ['a', 'b', 'a', 'c', 'b'].map((id, index) => ({ id, command: { coins: index + 1 }, cause: cause(`r${index}`) }));
    const results = await handleCommandBatch(counted, purse, batch, options);
    expect(results.map(({ state }) => state)).toEqual([1, 2, 4, 4, 7]);
    expect(appends).toBe(3);
  });

  it('finishes the other streams before it throws the fault of one', async () => {
    const store = new InMemoryEventStore();
    const batch = ['a', 'b', 'c'].map((id) => ({ id, command: { coins: id === 'a' ? NaN : 1 }, cause: cause(id) }));
    await expect(handleCommandBatch(store, purse, batch, options)).rejects.toThrow('coins must be a number');
    expect(store.all.map(({ stream }) => stream)).toEqual(['purse-b', 'purse-c']);
  });
});

describe('An id derived from its parts', () => {
  it('is a UUID of version 5, the same every time, and another for other parts', () => {
    expect(derivedId('a', 'b')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(derivedId('a', 'b')).toBe(derivedId('a', 'b'));
    expect(derivedId('a', 'b')).not.toBe(derivedId('ab', ''));
  });
});

/** Lets another writer deposit one coin before each of the first `times` appends. */
function racing(store: InMemoryEventStore, times: number): EventStore {
  let raced = 0;
  return {
    read: store.read.bind(store),
    async append(stream, events, expected): Promise<AppendResult> {
      if (raced++ < times) {
        const other = { id: randomUUID(), event: { type: 'Deposited', data: { coins: 1 } }, metadata: events[0]!.metadata };
        await store.append(stream, [other], expected);
      }
      return store.append(stream, events, expected);
    },
  };
}
