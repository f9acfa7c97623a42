import { StreamContended } from '@orderstream/event-sourcing';
import { DependencyUnavailable } from '@orderstream/messaging';
import { describe, expect, it } from 'vitest';
import { gathered, gatheredByKey } from './gathering.ts';

/** Work that is held until told to go on, and fails for what is poisoned. */
function heldWork() {
  const calls: { readonly items: readonly string[]; readonly goOn: () => void }[] = [];
  const work = async (items: readonly string[]): Promise<string[]> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    calls.push({ items, goOn: resolve });
    await promise;
    if (items.includes('poison')) throw new Error('poisoned');
    if (items.includes('contended')) throw new StreamContended('stock-HOT', 'lost 8 times');
    if (items.includes('outage')) throw new DependencyUnavailable('eventstore', 'gone');
    return items.map((item) => `${item} is done`);
  };
  return { calls, work };
}

describe('Gathered work', () => {
  it('begins at once, and what comes meanwhile is done together, in its order, and answered to who asked for it', async () => {
    const { calls, work } = heldWork();
    const ask = gathered(work);
    const all = [ask(['a']), ask(['b', 'c']), ask(['d'])];
    expect(calls.map(({ items }) => items)).toEqual([['a']]);
    calls[0]!.goOn();
    await all[0];
    await expect.poll(() => calls[1]?.items).toEqual(['b', 'c', 'd']);
    calls[1]!.goOn();
    expect(await Promise.all(all)).toEqual([['a is done'], ['b is done', 'c is done'], ['d is done']]);
    const later = ask(['e']);
    expect(calls[2]!.items).toEqual(['e']);
    calls[2]!.goOn();
    await later;
  });

  it('is not more at once than it may be, but for one caller who brings more', async () => {
    const { calls, work } = heldWork();
    const ask = gathered(work, 2);
    const all = [['a'], ['b'], ['c'], ['d'], ['e', 'f', 'g'], ['h']].map(ask);
    for (const [nth, items] of [['a'], ['b', 'c'], ['d'], ['e', 'f', 'g'], ['h']].entries()) {
      await expect.poll(() => calls[nth]?.items).toEqual(items);
      calls[nth]!.goOn();
    }
    await Promise.all(all);
  });

  it.each(['poison', 'contended'])('that fails (%s) is done again for each caller alone: the fault is of who brought it', async (fault) => {
    const { calls, work } = heldWork();
    const ask = gathered(work);
    const first = ask(['a']);
    const fates = Promise.allSettled([ask(['b']), ask([fault]), ask(['c'])]);
    calls[0]!.goOn();
    await first;
    for (const [nth, items] of [['b', fault, 'c'], ['b'], [fault], ['c']].entries()) {
      await expect.poll(() => calls[nth + 1]?.items).toEqual(items);
      calls[nth + 1]!.goOn();
    }
    expect((await fates).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  it('that fails because a component is away waits for it with every caller, and is not tried again for each', async () => {
    const { calls, work } = heldWork();
    const ask = gathered(work);
    const first = ask(['a']);
    const fates = Promise.allSettled([ask(['b']), ask(['outage'])]);
    calls[0]!.goOn();
    await first;
    await expect.poll(() => calls).toHaveLength(2);
    calls[1]!.goOn();
    expect((await fates).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(calls).toHaveLength(2);
  });

  it('that fails for one caller is not tried twice', async () => {
    const { calls, work } = heldWork();
    const asked = gathered(work)(['poison']);
    calls[0]!.goOn();
    await expect(asked).rejects.toThrow('poisoned');
    expect(calls).toHaveLength(1);
  });
});

describe('Work that is gathered by key', () => {
  it('goes side by side for different keys, and what is asked for under one key meanwhile goes into its next call', async () => {
    const { calls, work } = heldWork();
    const ask = gatheredByKey((_key: string, items: readonly string[]) => work(items), 10);
    const all = [ask('A', ['a1']), ask('B', ['b1']), ask('A', ['a2']), ask('A', ['a3'])];
    expect(calls.map(({ items }) => items)).toEqual([['a1'], ['b1']]);
    calls[1]!.goOn();
    await all[1];
    calls[0]!.goOn();
    await expect.poll(() => calls[2]?.items).toEqual(['a2', 'a3']);
    calls[2]!.goOn();
    await Promise.all(all);
  });

  it('that fails under one key is no matter of the others, and the key is as new afterwards', async () => {
    const ask = gatheredByKey(async (_key: string, items: readonly string[]) => {
      if (items.includes('outage')) throw new DependencyUnavailable('eventstore', 'gone');
      return items;
    }, 10);
    const fates = await Promise.allSettled([ask('A', ['outage']), ask('B', ['b']), ask('A', ['a'])]);
    expect(fates.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
    await ask('A', ['a']);
  });
});
