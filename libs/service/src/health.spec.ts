import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Dependency, DependencyWatch } from './health.ts';

const changes: [string, string | null][] = [];
let watch: DependencyWatch | undefined;
const watchOver = (...dependencies: readonly Dependency[]): DependencyWatch => {
  watch = new DependencyWatch(dependencies, (name, failure) => changes.push([name, failure]));
  watch.start();
  return watch;
};
const never = (): Promise<never> => new Promise<never>(() => {});

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  watch?.stop();
  changes.length = 0;
  vi.useRealTimers();
});

describe('The watch over dependencies', () => {
  it('tells once, with its text, what does not answer, and once that it does again', async () => {
    let fault: Error | null = new Error('the disk is full');
    const store = { name: 'store', check: () => (fault === null ? Promise.resolve() : Promise.reject(fault)) };
    const watched = watchOver(store);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(watched.failures()).toEqual([{ field: 'store', message: 'the disk is full' }]);
    fault = null;
    await vi.advanceTimersByTimeAsync(5_000);
    fault = new Error('gone');
    await vi.advanceTimersByTimeAsync(5_000);
    expect(changes).toEqual([
      ['store', 'the disk is full'],
      ['store', null],
      ['store', 'gone'],
    ]);
  });

  it('outlives a check that throws, and asks the others and that one again', async () => {
    let throws = true;
    const odd: Dependency = {
      name: 'odd',
      check: () => {
        if (throws) throw new TypeError('x is not a function');
        return Promise.resolve();
      },
    };
    const watched = watchOver(odd, { name: 'well', check: () => Promise.resolve() });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(watched.failures()).toEqual([{ field: 'odd', message: 'x is not a function' }]);
    throws = false;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(watched.failures()).toEqual([]);
  });

  it('tells within 10 s of one that had answered and says nothing any more', async () => {
    let hangs = false;
    const watched = watchOver({ name: 'store', check: () => (hangs ? never() : Promise.resolve()) });
    await vi.advanceTimersByTimeAsync(3_000);
    hangs = true;
    await vi.advanceTimersByTimeAsync(4_000);
    expect(watched.failures()).toEqual([{ field: 'store', message: 'no answer within 2000 ms' }]);
  });

  it('asks again when an answer never comes, and never has more than three questions open', async () => {
    const questions: PromiseWithResolvers<void>[] = [];
    const check = (): Promise<void> => {
      questions.push(Promise.withResolvers<void>());
      return questions.at(-1)!.promise;
    };
    const watched = watchOver({ name: 'store', check });
    await vi.advanceTimersByTimeAsync(11_000);
    expect(questions).toHaveLength(2);
    questions[1]!.resolve();
    await vi.advanceTimersByTimeAsync(0);
    expect(watched.failures()).toEqual([]);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(questions).toHaveLength(4);
    questions[0]!.reject(new Error('too late to be of interest'));
    await vi.advanceTimersByTimeAsync(0);
    expect(watched.failures()).toEqual([{ field: 'store', message: 'no answer within 2000 ms' }]);
  });
});
