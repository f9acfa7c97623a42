import { describe, expect, it } from 'vitest';
import type { EventRecord } from '../log/record.ts';
import { RULES } from './rules.ts';

const event = (
  stream: string,
  over: Partial<Omit<EventRecord, 'data' | 'metadata'>> & { data?: string; metadata?: string } = {},
): EventRecord => ({
  position: 1n,
  stream,
  revision: 3n,
  id: 'id',
  type: 'OrderPlaced',
  isJson: true,
  createdMs: 0n,
  ...over,
  data: Buffer.from(over.data ?? '{}'),
  metadata: Buffer.from(over.metadata ?? ''),
});

function emitted(name: string, given: EventRecord): string | undefined {
  const result = RULES[name]!(given);
  return result === undefined ? undefined : `${result.stream} ${result.type} ${Buffer.from(result.data).toString()}`;
}
const SOFT_DELETED = { type: '$metadata', data: '{"$tb":9223372036854775807}' };
const LINK = { type: '$>', data: '7@order-9' };

describe.each<[string, readonly [string, EventRecord, string | undefined][]]>([
  [
    '$by_category',
    [
      ['an event', event('order-1'), '$ce-order $> 3@order-1'],
      ['what comes before the first hyphen', event('order-a-1'), '$ce-order $> 3@order-a-1'],
      ['a stream without a category', event('order'), undefined],
      ['a stream that begins with a hyphen', event('-order'), undefined],
      ['a system stream', event('$ce-order'), undefined],
      ['metadata', event('$$order-1', { type: '$metadata' }), undefined],
      ['a link', event('links-1', LINK), '$ce-links $> 7@order-9'],
      ['a deletion', event('$$order-1', SOFT_DELETED), '$ce-order $> 3@$$order-1'],
      ['a tombstone', event('order-1', { type: '$streamDeleted' }), '$ce-order $> 3@order-1'],
    ],
  ],
  [
    '$by_event_type',
    [
      ['an event', event('order-1'), '$et-OrderPlaced $> 3@order-1'],
      ['a system event', event('$x', { type: '$config' }), '$et-$config $> 3@$x'],
      ['metadata, by the stream they describe', event('$$order-1', { type: '$metadata' }), '$et-$metadata $> 3@order-1'],
      ['a link', event('links-1', LINK), undefined],
      ['a deletion', event('$$order-1', SOFT_DELETED), '$et-$deleted $> 3@order-1'],
    ],
  ],
  [
    '$by_correlation_id',
    [
      ['an event that has one', event('order-1', { metadata: '{"$correlationId":"c1"}' }), '$bc-c1 $> 3@order-1'],
      ['an event that has none', event('order-1', { metadata: '{"a":1}' }), undefined],
      ['metadata that are no object', event('order-1', { metadata: '[]' }), undefined],
      ['metadata that are no JSON', event('order-1', { metadata: '{' }), undefined],
      ['a link', event('links-1', { ...LINK, metadata: '{"$correlationId":"c1"}' }), undefined],
    ],
  ],
  [
    '$stream_by_category',
    [
      ['a first event', event('order-1', { revision: 0n }), '$category-order $@ order-1'],
      ['a later event', event('order-1'), undefined],
      ['a system stream', event('$ce-order', { revision: 0n }), undefined],
    ],
  ],
  [
    '$streams',
    [
      ['a first event', event('order-1', { revision: 0n }), '$streams $> 0@order-1'],
      ['a later event', event('order-1'), undefined],
    ],
  ],
])('%s', (name, cases) => {
  it.each(cases)('of %s', (_title, given, expected) => {
    expect(emitted(name, given)).toBe(expected);
  });
});

describe('An emitted link', () => {
  it('says what it comes from', () => {
    expect(RULES['$by_category']!(event('order-1'))!.metadata).toEqual({ $o: 'order-1' });
    expect(RULES['$by_category']!(event('$$order-1', SOFT_DELETED))!.metadata).toEqual({ $o: 'order-1', $deleted: -1 });
    expect(RULES['$by_correlation_id']!(event('order-1', { createdMs: 1500n, metadata: '{"$correlationId":"c1"}' }))!.metadata).toEqual({
      $eventTimestamp: '1970-01-01T00:00:01.500000Z',
    });
  });
});
