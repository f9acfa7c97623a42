import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { patiently } from './patience.ts';
import { Refused } from './refused.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('waits for what is still starting, and says each reason once', async () => {
  const said: string[] = [];
  const answers = ['refused', 'refused', 'loading', null];
  const done = patiently(
    async () => {
      const answer = answers.shift();
      if (answer !== null) throw new Error(answer);
      return 'up';
    },
    { withinMs: 60_000, say: (line) => void said.push(line) },
  );
  await vi.runAllTimersAsync();
  expect(await done).toBe('up');
  expect(said).toEqual(['waiting: refused', 'waiting: loading']);
});

it('gives up after the time it was given, with the last failure', async () => {
  const done = patiently(() => Promise.reject(new Error('away')), { withinMs: 2_000, say: () => {} });
  const failed = expect(done).rejects.toThrow('away');
  await vi.runAllTimersAsync();
  await failed;
});

it('does not repeat what was refused', async () => {
  const work = vi.fn(() => Promise.reject(new Refused('another partition count')));
  await expect(patiently(work, { withinMs: 60_000, say: () => {} })).rejects.toThrow('another partition count');
  expect(work).toHaveBeenCalledTimes(1);
});
