import { contracts, streams } from '@orderstream/contracts';
import type { StoredEvent } from '@orderstream/event-sourcing';
import { describe, expect, it } from 'vitest';
import { publishable } from './publishable.ts';
import { everything } from './shard.ts';

type Change = { readonly [Field in keyof StoredEvent]?: unknown };

const stored = (change: Change): StoredEvent =>
  ({
    id: 'e0b7d1c4-53a8-4f0e-9d3f-0f2f3a1c5b6d',
    stream: 'product-TEA-1',
    revision: 0,
    event: { type: 'ProductDelisted', data: {} },
    metadata: { schemaVersion: 1, $correlationId: 'a', $causationId: 'b' },
    recordedAt: '2026-01-01T00:00:00.000Z',
    ...change,
  }) as StoredEvent;
const decide = (change: Change) => publishable(stored(change), everything.routes, contracts, (type) => type === 'ProductBundled');

describe('A stored event is published', () => {
  it.each(Object.entries(streams))('to its topic, from %s streams', (category, { topic, events }) => {
    for (const type of events) {
      expect(decide({ stream: `${category}-1`, event: { type, data: {} } })).toEqual({ kind: 'publish', topic });
    }
  });
});

describe('A stored event is parked', () => {
  it.each<[string, Change, RegExp]>([
    [
      'of a type that no contract declares',
      { event: { type: 'ProductPainted', data: {} } },
      /no contract declares an event ProductPainted/,
    ],
    ['in a stream of another kind', { stream: 'order-1' }, /ProductDelisted belongs to product-\* streams/],
    ['in a stream that no topic carries', { stream: 'invoice-1' }, /no topic carries/],
    ['that the store wrote about the stream', { event: { type: '$streamDeleted', data: {} } }, /no contract declares/],
    ['without metadata', { metadata: undefined }, /no schema version/],
    ['with a schema version that is no number', { metadata: { schemaVersion: '1' } }, /no schema version/],
    ['with a schema version that never was', { metadata: { schemaVersion: 0, $correlationId: 'a', $causationId: 'b' } }, /no version 0/],
    ['without a correlation id', { metadata: { schemaVersion: 1, $causationId: 'b' } }, /\$correlationId/],
    ['without a causation id', { metadata: { schemaVersion: 1, $correlationId: 'a', $causationId: '' } }, /\$causationId/],
  ])('%s', (_, change, cause) => {
    expect(decide(change)).toEqual({ kind: 'park', cause: expect.stringMatching(cause) });
  });
});

describe('A stored event makes the relay wait', () => {
  it('when its schema is newer than the relay, naming the step that brings it', () => {
    const newer = decide({ metadata: { schemaVersion: 9, $correlationId: 'a', $causationId: 'b' } });
    expect(newer).toEqual({ kind: 'wait', cause: expect.stringMatching(/version 9 of ProductDelisted.*npm run deploy/) });
  });

  it('when another release has its type', () => {
    const foreign = decide({ event: { type: 'ProductBundled', data: {} } });
    expect(foreign).toEqual({ kind: 'wait', cause: expect.stringMatching(/product-TEA-1 has a ProductBundled.*npm run deploy/) });
  });
});
