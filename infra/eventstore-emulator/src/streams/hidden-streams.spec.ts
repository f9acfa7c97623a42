import { describe, expect, it } from 'vitest';
import { isHiddenInAll } from './hidden-streams.ts';

describe('All', () => {
  it.each(['$epoch-information', '$persistentsubscription-$all::group-checkpoint', '$persistentsubscription-$all::group-parked'])(
    'leaves out %s',
    (stream) => {
      expect(isHiddenInAll(stream)).toBe(true);
    },
  );

  it.each([
    'order-1',
    '$$order-1',
    '$ce-order',
    '$persistentSubscriptionConfig',
    '$persistentsubscription-order-1::group-checkpoint',
    '$$$persistentsubscription-$all::group-parked',
  ])('shows %s', (stream) => {
    expect(isHiddenInAll(stream)).toBe(false);
  });
});
