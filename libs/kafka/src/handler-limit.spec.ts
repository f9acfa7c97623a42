import type { EventBatch } from '@orderstream/messaging';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { HandlerLimit } from './handler-limit.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const batchOf = (partition: number): EventBatch => ({
  group: 'g',
  topic: 'orders',
  partition,
  records: [],
  fromOffset: 0n,
  nextOffset: 1n,
});
const hangs = { name: 'HandlerHangs', message: 'its handler has not returned for 120 s' };

/** A handler whose calls end when the test says so. */
function handlerInHand(): { readonly limit: HandlerLimit; readonly calls: PromiseWithResolvers<void>[] } {
  const calls: PromiseWithResolvers<void>[] = [];
  const limit = new HandlerLimit(() => {
    const call = Promise.withResolvers<void>();
    calls.push(call);
    return call.promise;
  });
  return { limit, calls };
}

it("a handler's end is the end of its call, and leaves nothing running", async () => {
  const { limit, calls } = handlerInHand();
  const first = limit.call(batchOf(0));
  const second = limit.call(batchOf(1));
  calls[0]!.resolve();
  calls[1]!.reject(new Error('no'));
  await first;
  await expect(second).rejects.toThrow('no');
  expect(vi.getTimerCount()).toBe(0);
  vi.advanceTimersByTime(200_000);
  expect(limit.overdue()).toBeNull();
});

it('a handler that hangs is told with its partition, given up on, and tried again a few times at most', async () => {
  const { limit, calls } = handlerInHand();
  const first = expect(limit.call(batchOf(3))).rejects.toMatchObject(hangs);
  vi.advanceTimersByTime(44_000);
  expect(limit.overdue()).toBeNull();
  vi.advanceTimersByTime(1_000);
  expect(limit.overdue()).toBe('partition 3 of orders: its handler has not returned for 45 s');
  await vi.advanceTimersByTimeAsync(75_000);
  await first;

  for (let attempt = 2; attempt <= 3; attempt += 1) {
    const again = expect(limit.call(batchOf(3))).rejects.toMatchObject(hangs);
    await vi.advanceTimersByTimeAsync(120_000);
    await again;
  }
  for (let attempt = 4; attempt < 20; attempt += 1) await expect(limit.call(batchOf(3))).rejects.toMatchObject(hangs);
  expect(calls).toHaveLength(3);

  const other = limit.call(batchOf(4));
  calls.at(-1)!.resolve();
  await other;
});

it('a handler that returns late is heard no more, and makes room for another attempt', async () => {
  const { limit, calls } = handlerInHand();
  for (let attempt = 1; attempt <= 3; attempt += 1) {
    const hanging = expect(limit.call(batchOf(0))).rejects.toMatchObject(hangs);
    await vi.advanceTimersByTimeAsync(120_000);
    await hanging;
  }
  calls[0]!.reject(new Error('the connection was lost'));
  calls[1]!.resolve();
  await vi.advanceTimersByTimeAsync(0);
  const next = limit.call(batchOf(0));
  calls[3]!.resolve();
  await next;
  calls[2]!.resolve();
  await vi.advanceTimersByTimeAsync(0);
  expect(limit.overdue()).toBeNull();
});
