import { describe, expect, it } from 'vitest';
import { rackOfEachTest } from '../spec-rack.ts';
import { WireFuzz, complaintOf } from './wire-fuzz.ts';

const rack = rackOfEachTest(500);

const SECONDS = 1 / 60;

describe('What no client sends', () => {
  it('hangs nothing, breaks nothing, and is not felt by a client that behaves', async () => {
    const { violations, summary } = await new WireFuzz(rack(), { minutes: 3 * SECONDS }).run();
    expect(violations).toEqual([]);
    expect(summary).toMatch(/^\d{2,} things sent .* \d+ honest appends/);
  });
});

describe('The end of a call', () => {
  const ended = { what: 'a call', status: 3, details: '', exception: '', isMisframed: false };

  it.each([
    ['that the real server makes', ended],
    ['of a handler that was surprised', { ...ended, status: 2, details: 'Exception was thrown by handler.' }],
    ['of a group that failed', { ...ended, status: 13, exception: 'persistent-subscription-failed' }],
    ['that broke gRPC itself', { ...ended, status: 13, isMisframed: true }],
    ['by the client', { ...ended, status: null }],
  ])('%s is in order', (_title, each) => {
    expect(complaintOf(each)).toBeUndefined();
  });

  it.each([2, 13, 14, 15])('with status %i is not', (status) => {
    expect(complaintOf({ ...ended, status })).toContain(`status ${status}`);
  });
});
