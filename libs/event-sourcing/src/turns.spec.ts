import { afterEach, describe, expect, it, vi } from 'vitest';
import { StoreUnavailable, StreamContended } from './event-store.ts';
import { InMemoryEventStore } from './testing/in-memory-event-store.ts';
import { inTurn } from './turns.ts';

const store = new InMemoryEventStore();
const told: string[] = [];
/** Work that ends when it is told to. */
function work(name: string) {
  const end = Promise.withResolvers<string>();
  const begin = (): Promise<string> => (told.push(name), end.promise);
  return { begin, end };
}
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('Work on one stream', () => {
  afterEach(() => {
    told.length = 0;
    vi.useRealTimers();
  });

  it('goes one after the other, in the order in which it came', async () => {
    const [a, b, c] = [work('a'), work('b'), work('c')];
    const done = Promise.all([a, b, c].map(({ begin }) => inTurn(store, 'purse-1', begin)));
    await settled();
    expect(told).toEqual(['a']);
    a.end.resolve('1');
    b.end.reject(new Error('no coins'));
    await expect(done).rejects.toThrow('no coins');
    await settled();
    expect(told).toEqual(['a', 'b', 'c']);
    c.end.resolve('3');
  });

  it('goes beside work on other streams, and on the same stream of another store', async () => {
    const all = [work('a'), work('b'), work('c')];
    const done = Promise.all([
      inTurn(store, 'purse-1', all[0]!.begin),
      inTurn(store, 'purse-2', all[1]!.begin),
      inTurn(new InMemoryEventStore(), 'purse-1', all[2]!.begin),
    ]);
    await settled();
    expect(told).toEqual(['a', 'b', 'c']);
    for (const { end } of all) end.resolve('');
    await done;
  });

  it('is told with all that waits behind it when the store is away, and the stream is free then', async () => {
    const [a, b] = [work('a'), work('b')];
    const outcomes = Promise.allSettled([inTurn(store, 'purse-1', a.begin), inTurn(store, 'purse-1', b.begin)]);
    a.end.reject(new StoreUnavailable('gone'));
    for (const outcome of await outcomes) expect(outcome).toMatchObject({ reason: { name: 'StoreUnavailable' } });
    expect(told).toEqual(['a']);
    expect(await inTurn(store, 'purse-1', async () => 'next')).toBe('next');
  });

  it('is refused as contended when too much of it waits, or for too long', async () => {
    vi.useFakeTimers();
    const a = work('a');
    const first = inTurn(store, 'purse-1', a.begin);
    const waiting = Array.from({ length: 256 }, () => inTurn(store, 'purse-1', async () => 'done'));
    await expect(inTurn(store, 'purse-1', async () => 'done')).rejects.toBeInstanceOf(StreamContended);
    const late = Promise.allSettled(waiting);
    await vi.advanceTimersByTimeAsync(10_000);
    for (const outcome of await late) expect(outcome).toMatchObject({ reason: { name: 'StreamContended' } });
    a.end.resolve('1');
    expect(await first).toBe('1');
    expect(await inTurn(store, 'purse-1', async () => 'next')).toBe('next');
  });
});
