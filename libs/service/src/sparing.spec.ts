import { describe, expect, it } from 'vitest';
import { Sparing } from './sparing.ts';

describe('What is said sparingly', () => {
  it('is said once a minute and subject, with how often it was not', () => {
    let nowMs = 1_000;
    const sparing = new Sparing(() => nowMs);
    expect(sparing.tell('eventstore')).toBe(0);
    expect(sparing.tell('postgres')).toBe(0);
    expect(sparing.tell('eventstore')).toBeNull();
    nowMs += 59_999;
    expect(sparing.tell('eventstore')).toBeNull();
    nowMs += 1;
    expect(sparing.tell('eventstore')).toBe(2);
    expect(sparing.tell('eventstore')).toBeNull();
    nowMs += 60_000;
    expect(sparing.tell('eventstore')).toBe(1);
  });

  it('is remembered of the last hundred subjects', () => {
    const sparing = new Sparing(() => 0);
    for (let subject = 0; subject <= 100; subject++) sparing.tell(String(subject));
    expect(sparing.tell('100')).toBeNull();
    expect(sparing.tell('0')).toBe(0);
  });
});
