import { contracts } from '@orderstream/contracts';
import type { StoredEvent } from '@orderstream/event-sourcing';
import type { SchemaRegistryCodec } from '@orderstream/kafka';
import { ConsumerHeld } from '@orderstream/messaging';
import { describe, expect, it } from 'vitest';
import { checkpointAt, fromJson, toJson } from './checkpoint.ts';
import { ForeignTypes } from './foreign-types.ts';
import { ParkedSoFar } from './parked-so-far.ts';
import { NewerSchema, RelayBatch } from './relay-batch.ts';
import { everything } from './shard.ts';

const codec = {
  contracts,
  encode: (_type: string, _version: number, data: { sku?: string }) => {
    if (data.sku === 'defect') throw new Error('the schema ids are not loaded');
    if (data.sku === undefined) throw new Error('invalid "string": undefined');
    return Buffer.from(JSON.stringify(data));
  },
} as unknown as SchemaRegistryCodec;
const none = new ForeignTypes(codec, everything.routes);

const newBatch = (firstParked = new Map<string, number>()): RelayBatch =>
  new RelayBatch(everything, codec, new ParkedSoFar(firstParked, []), none);

let revision = 0;
const delisted = (sku: string, change: object = {}): StoredEvent => ({
  id: 'e0b7d1c4-53a8-4f0e-9d3f-0f2f3a1c5b6d',
  stream: `product-${sku}`,
  revision: revision++,
  event: { type: 'ProductDelisted', data: { sku, delistedAt: '2026-01-01T00:00:00.000Z' } },
  metadata: { schemaVersion: 1, $correlationId: 'a', $causationId: 'b' },
  recordedAt: '2026-01-01T00:00:00.000Z',
  ...change,
});
const alien = { event: { type: 'ProductPainted', data: {} } };
const keys = (batch: RelayBatch): Record<string, unknown[]> =>
  Object.fromEntries(batch.topicMessages.map(({ topic, messages }) => [topic, messages.map(({ key }) => key)]));
const causes = (batch: RelayBatch): string[] =>
  (batch.topicMessages.find(({ topic }) => topic === everything.parkedTopic)?.messages ?? []).map(
    ({ value }) => (JSON.parse(String(value)) as { cause: string }).cause,
  );

describe('A batch', () => {
  it('holds records by topic in the order of the log, and the position that they cover', () => {
    const batch = newBatch();
    batch.add(delisted('A'), 10n);
    batch.add(delisted('B'), 20n);
    batch.add(delisted('A'), 30n);
    expect(keys(batch)).toEqual({ catalog: ['product-A', 'product-B', 'product-A'] });
    expect(batch).toMatchObject({ position: 30n, records: 3, parked: 0, isFull: false });
  });

  it('covers what belongs on no topic', () => {
    const batch = newBatch();
    batch.cover(40n);
    expect(batch).toMatchObject({ position: 40n, events: 0, first: null });
  });

  it('parks an event that can not be published, and what its stream stores later; other streams flow', () => {
    const batch = newBatch();
    batch.add(delisted('A'), 10n);
    batch.add(delisted('A', alien), 20n);
    batch.add(delisted('B'), 30n);
    batch.add(delisted('A'), 40n);
    expect(keys(batch)['catalog']).toEqual(['product-A', 'product-B']);
    expect(keys(batch)[everything.parkedTopic]).toEqual([`parked/product-A@${revision - 3}`, `parked/product-A@${revision - 1}`]);
    expect(causes(batch)).toEqual(['no contract declares an event ProductPainted', 'behind a parked event of the same stream']);
    expect(batch).toMatchObject({ position: 40n, records: 2, parked: 2 });
    expect(batch.refused).toMatchObject([
      { stream: 'product-A', revision: revision - 3, cause: 'no contract declares an event ProductPainted' },
    ]);
  });

  it('parks behind an event that was parked in an earlier batch', () => {
    const batch = newBatch(new Map([['product-A', 7]]));
    batch.add(delisted('A', { revision: 8 }), 10n);
    expect(causes(batch)).toEqual(['behind a parked event of the same stream']);
  });

  it('publishes what stands before the first parked event of its stream', () => {
    const batch = newBatch(new Map([['product-A', 7]]));
    batch.add(delisted('A', { revision: 6 }), 10n);
    batch.add(delisted('A', { revision: 7 }), 20n);
    expect(keys(batch)).toEqual({ catalog: ['product-A'], [everything.parkedTopic]: ['parked/product-A@7'] });
  });

  it('parks an event whose data is not what its schema declares', () => {
    const batch = newBatch();
    batch.add(delisted('A', { event: { type: 'ProductDelisted', data: {} } }), 10n);
    expect(causes(batch)).toEqual(['the data is not what version 1 of ProductDelisted declares']);
  });

  it('parks an event that no broker would take', () => {
    const batch = newBatch();
    batch.add(delisted('A'.repeat(1_000_001)), 10n);
    expect(causes(batch)[0]).toMatch(/too many for a record/);
  });

  const huge = 'x'.repeat(2_000_000);
  it.each<[string, object]>([
    ['a type', { event: { type: huge, data: {} } }],
    ['a name of its stream', { stream: `product-${huge}` }],
    ['a correlation id', { metadata: { schemaVersion: 1, $correlationId: huge, $causationId: 'b' } }],
    ['a name of its stream, beside a type that no contract declares', { stream: `product-${huge}`, ...alien }],
  ])('parks an event with %s that would fill a record, and what it says of it fits', (_, change) => {
    const batch = newBatch();
    batch.add(delisted('A', change), 10n);
    expect(batch).toMatchObject({ records: 0, parked: 1 });
    for (const { key, value } of batch.topicMessages[0]!.messages) expect(String(key).length + String(value).length).toBeLessThan(4_000);
  });

  it('tells streams apart whose long names begin alike, and knows each again', () => {
    const batch = newBatch();
    batch.add(delisted('A', { stream: `product-${huge}1`, ...alien }), 10n);
    batch.add(delisted('A', { stream: `product-${huge}2`, ...alien }), 20n);
    batch.add(delisted('A', { stream: `product-${huge}1` }), 30n);
    expect(causes(batch)[2]).toBe('behind a parked event of the same stream');
    expect(new Set(keys(batch)[everything.parkedTopic]).size).toBe(3);
    expect(causes(batch)[1]).toMatch(/^no contract/);
  });

  it('is full when what it parks fills it', () => {
    const batch = newBatch();
    const stream = `product-${'ü'.repeat(390)}`;
    for (let n = 0; n < 400; n++) batch.add(delisted('A', { stream, ...alien }), BigInt(n));
    expect(batch.isFull).toBe(true);
  });

  it('parks nothing for a fault of the relay itself', () => {
    const batch = newBatch();
    expect(() => batch.add(delisted('defect'), 10n)).toThrow('not loaded');
  });

  it('stays as it was when an event has to wait', () => {
    const batch = newBatch();
    batch.add(delisted('A'), 10n);
    const newer = delisted('B', { metadata: { schemaVersion: 2, $correlationId: 'a', $causationId: 'b' } });
    expect(() => batch.add(newer, 20n)).toThrow(NewerSchema);
    expect(batch).toMatchObject({ position: 10n, events: 1 });
  });

  it('is full at 500 events, or at half of what a broker takes in one go', () => {
    const many = newBatch();
    for (let n = 0; n < 499; n++) many.add(delisted('A'), BigInt(n));
    expect(many.isFull).toBe(false);
    many.add(delisted('A'), 500n);
    expect(many.isFull).toBe(true);
    const large = newBatch();
    large.add(delisted('A'.repeat(600_000), { stream: 'product-A' }), 1n);
    expect(large.isFull).toBe(true);
  });
});

describe('A relay that can publish nothing', () => {
  const parkOne = (parkedSoFar: ParkedSoFar, nth: number): RelayBatch => {
    const batch = new RelayBatch(everything, codec, parkedSoFar, none);
    batch.add(delisted(`A${nth}`, alien), BigInt(nth));
    return batch;
  };

  it('parks five streams, and then waits, also after a restart', () => {
    const parkedSoFar = new ParkedSoFar(new Map(), []);
    const batches = [1, 2, 3, 4, 5].map((nth) => parkOne(parkedSoFar, nth));
    expect(() => parkOne(parkedSoFar, 6)).toThrow(ConsumerHeld);
    const { failures } = fromJson(toJson(checkpointAt(5n, null, everything, { ends: {}, failures: batches.at(-1)!.failures })));
    const restarted = new ParkedSoFar(new Map(), failures);
    expect(() => parkOne(restarted, 6)).toThrow(/^more than 5 streams fail with the same cause within 100 events/);
  });

  it('leaves a batch as it was before the event that is one too many', () => {
    const parkedSoFar = new ParkedSoFar(new Map(), []);
    const batch = new RelayBatch(everything, codec, parkedSoFar, none);
    for (let nth = 1; nth <= 5; nth++) batch.add(delisted(`A${nth}`, alien), BigInt(nth));
    expect(() => batch.add(delisted('A6', alien), 6n)).toThrow(ConsumerHeld);
    expect(batch).toMatchObject({ position: 5n, parked: 5 });
    expect(parkedSoFar.streams).toBe(5);
  });

  it('parks one now and then as long as it likes, and remembers no more than it needs', () => {
    const parkedSoFar = new ParkedSoFar(new Map(), []);
    for (let nth = 0; nth < 2_000; nth++) {
      const batch = new RelayBatch(everything, codec, parkedSoFar, none);
      batch.add(delisted(`A${nth}`, nth % 25 === 0 ? alien : {}), BigInt(nth));
      expect(batch.failures.length).toBeLessThanOrEqual(4);
    }
    expect(parkedSoFar.streams).toBe(80);
  });

  it('counts a batch that was not committed with what was before it, and not with what came after', () => {
    const parkedSoFar = new ParkedSoFar(new Map(), []);
    const committed = parkOne(parkedSoFar, 1);
    parkOne(parkedSoFar, 2);
    expect(committed.failures).toMatchObject([{ stream: 'product-A1', place: 0 }]);
  });
});
