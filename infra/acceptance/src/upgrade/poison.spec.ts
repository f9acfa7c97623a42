import { describe, expect, it } from 'vitest';
import type { ParkedRecord } from '../parked.ts';
import { poisonViolations } from './poison.ts';

const parkedBy = (group: string, stream: string): ParkedRecord => ({ group, stream, place: `orders/0@${stream}` });
const bothBy = (...groups: readonly string[]): ParkedRecord[] =>
  groups.flatMap((group) => [parkedBy(group, 'poisoned-1'), parkedBy(group, 'poisoned-2')]);

describe('Two poisoned records', () => {
  it('are as they should be when the same consumers have set both aside', () => {
    expect(poisonViolations(2, bothBy('summary', 'payments'))).toEqual([]);
  });

  it('are not when one consumer has passed over one, or has set it aside under two names', () => {
    expect(poisonViolations(2, bothBy('summary', 'payments').slice(1))).toEqual([
      'poisoned-2 is set aside by payments, summary, and poisoned-1 by payments',
    ]);
    expect(poisonViolations(2, [...bothBy('summary'), parkedBy('read-models', 'poisoned-2')])).toHaveLength(1);
  });

  it('are not when nobody has set them aside, or when something else is', () => {
    expect(poisonViolations(2, [])).toEqual(['nobody has set aside poisoned-1']);
    expect(poisonViolations(2, [...bothBy('summary'), parkedBy('summary', 'order-1')])).toEqual(['order-1 is set aside by summary']);
  });
});
