import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { allSeen, placeOf, seen, Unseen } from './unseen.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('a system that says what it is asked is seen', async () => {
  expect(await seen('Kafka', async () => 'here')).toBe('here');
  await allSeen([['Kafka', async () => 'here']]);
});

it('every system that fails or says nothing is named, with the reason', async () => {
  const failed = expect(
    allSeen([
      ['Kafka', () => Promise.reject(new Error('refused'))],
      ['the registry', async () => {}],
      ['the store', () => new Promise(() => {})],
    ]),
  ).rejects.toThrow(new Unseen("Kafka can't be seen: refused; the store can't be seen: no answer within 10 s"));
  await vi.advanceTimersByTimeAsync(10_000);
  await failed;
});

it('what was not seen further in keeps its name', async () => {
  await expect(seen('outer', () => seen('inner', () => Promise.reject(new Error('away'))))).rejects.toThrow(
    new Unseen("inner can't be seen: away"),
  );
});

it.each([
  ['esdb://admin:secret@127.0.0.1:4113?tls=false', '127.0.0.1:4113'],
  ['postgres://order:se%40cret@db:5432/order', 'db:5432'],
  ['http://127.0.0.1:4116/apis/ccompat/v7', '127.0.0.1:4116'],
])('the place of %s tells no password', (url, place) => {
  expect(placeOf(url)).toBe(place);
});
