import { describe, expect, it } from 'vitest';
import { ConsumerHeld } from './delivery-policy.ts';
import { AMONG_EVENTS, checkFailures, kindOf } from './failures.ts';
import type { Failure } from './parking.ts';

const failures = (count: number, { from = 0, every = 1, cause = 'x' } = {}): Failure[] =>
  Array.from({ length: count }, (_, nth) => ({ stream: `order-${from + nth}`, place: from + nth * every, cause }));

describe('Two causes are the same', () => {
  it.each([
    ["can't react to order-1", "can't react to order-2"],
    ['order 6e3a7b52-9b0c-4d61-8f0d-1d5d6c2f9a10 has no lines', 'order 0f2f3a1c-53a8-4f0e-9d3f-e0b7d1c453a8 has no lines'],
    ['the value is not an OrderPlaced of schema 12: "abc"', 'the value is not an OrderPlaced of schema 7: "\u00e4"'],
    ["Cannot read properties of undefined (reading 'amount')", "Cannot read properties of undefined (reading 'currency')"],
    ['12 is less than 35', '-1 is less than 3'],
  ])('but for what differs from event to event: %s', (one, other) => {
    expect(kindOf({ stream: 'order-1', cause: one })).toBe(kindOf({ stream: 'order-2', cause: other }));
  });

  it('but for the name of the stream, or of what it is about', () => {
    expect(kindOf({ stream: 'product-TEA', cause: 'TEA is not in product-TEA' })).toBe(
      kindOf({ stream: 'product-CUP', cause: 'CUP is not in product-CUP' }),
    );
  });

  it('only if they say the same otherwise', () => {
    expect(kindOf({ stream: 'a', cause: 'no magic byte' })).not.toBe(kindOf({ stream: 'a', cause: 'truncated' }));
  });

  it('as far as one looks at them: a text of any length costs little', () => {
    const long = 'a'.repeat(5_000_000);
    expect(kindOf({ stream: long, cause: long })).toHaveLength(300);
    expect(kindOf({ stream: '', cause: '"'.repeat(5_000_000) }).length).toBeLessThanOrEqual(500);
  });
});

describe('One cause for many streams', () => {
  it('is borne for five, and not for a sixth', () => {
    expect(() => checkFailures([], failures(5))).not.toThrow();
    expect(() => checkFailures([], failures(6))).toThrow(ConsumerHeld);
    expect(() => checkFailures(failures(5), failures(1, { from: 5 }))).toThrow(ConsumerHeld);
  });

  it('is borne when it comes now and then', () => {
    expect(() => checkFailures(failures(5, { every: 20 }), failures(1, { from: AMONG_EVENTS }), AMONG_EVENTS)).not.toThrow();
    expect(() => checkFailures(failures(5, { every: 20 }), failures(1, { from: AMONG_EVENTS - 1 }), AMONG_EVENTS)).toThrow(ConsumerHeld);
  });

  it('that was borne before, however often, does not hold up what fails otherwise', () => {
    expect(() => checkFailures(failures(50), failures(1, { from: 51, cause: 'y' }))).not.toThrow();
  });

  it('does not count what stands behind: a topic that is read again comes to it in its turn', () => {
    expect(() => checkFailures(failures(5, { from: 10 }), failures(1))).not.toThrow();
  });

  it('is told in so many words as a person reads', () => {
    const long = failures(6, { cause: 'x'.repeat(1_000_000) }).map((failure) => ({ ...failure, stream: failure.stream.repeat(100_000) }));
    expect(() => checkFailures([], long)).toThrow(/^.{100,1000}$/);
  });
});
