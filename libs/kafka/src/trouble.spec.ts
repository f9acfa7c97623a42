import { expect, it } from 'vitest';
import { kindOf, Said } from './trouble.ts';

it.each([
  ['connect ECONNREFUSED 127.0.0.1:9092', 'connect ECONNREFUSED 127.0.0.1:9093'],
  ['it answers 503 {"at":"2026-11-28T22:36:27.123Z"}', 'it answers 503 {"at":"2026-11-29T01:02:03Z"}'],
  ['request 6a1f2b3c4d', 'request 00f81c9aaa'],
  ['event 0b2f7a3e-5d0c-4b5e-9d3a-0c1d2e3f4a5b failed', 'event 1c2f7a3e-5d0c-4b5e-9d3a-0c1d2e3f4a5b failed'],
  ['nothing for 7 ms', 'nothing for 12ms'],
])('%j and %j are the same trouble', (one, other) => {
  expect(kindOf(one)).toBe(kindOf(other));
});

it.each([
  ['it answers 500 ', 'it answers 401 '],
  ['postgres does not answer', 'eventstore does not answer'],
  ['getaddrinfo ENOTFOUND a.example', 'getaddrinfo ENOTFOUND b.example'],
])('%j and %j are two', (one, other) => {
  expect(kindOf(one)).not.toBe(kindOf(other));
});

it('each face of a trouble is said once until it is over, and not all are remembered for ever', () => {
  const said = new Said();
  expect(['refused', 'timeout', 'refused', 'timeout'].map((trouble) => said.isNew(trouble))).toEqual([true, true, false, false]);
  said.forget();
  expect(said.isNew('refused')).toBe(true);
  for (let index = 0; index < 100; index += 1) said.isNew(`other ${index}`);
  expect(said.isNew('refused')).toBe(true);
});
