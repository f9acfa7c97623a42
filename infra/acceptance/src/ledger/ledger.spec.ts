import type { StoredEvent } from '@orderstream/event-sourcing';
import type { DecodedValue } from '@orderstream/kafka';
import { describe, expect, it } from 'vitest';
import { checkContents } from './contents.ts';
import { compareRows } from './discrepancy.ts';
import type { ObservedRecord } from './observed-record.ts';
import { checkStock } from './stock.ts';
import { checkTopics } from './topics.ts';

const ORDER = '01890a5d-ac96-774b-bcce-b302099a8057';
const money = { amount: 500, currency: 'EUR' };

const stored = (stream: string, revision: number, type = 'OrderPlaced', data: object = { orderId: ORDER, amount: money }): StoredEvent => ({
  id: `${stream}@${revision}`,
  stream,
  revision,
  event: { type, data },
  metadata: { schemaVersion: 1, $correlationId: 'c', $causationId: 'c' },
  recordedAt: '2026-01-01T00:00:00.000Z',
});
const record = (stored: StoredEvent, offset: number, change: Partial<ObservedRecord> = {}): ObservedRecord => ({
  topic: 'orders',
  partition: 0,
  offset: BigInt(offset),
  eventId: stored.id,
  stream: stored.stream,
  revision: stored.revision,
  value: null,
  ...change,
});

describe('The ledger compares the store with the topics and', () => {
  const [a, b] = [stored('order-1', 0), stored('order-1', 1)];
  const detailsOf = (records: ObservedRecord[]): string[] => checkTopics([a, b], records).map(({ detail }) => detail);

  it('is clean when every event is there once, in order', () => {
    expect(detailsOf([record(a, 0), record(b, 2)])).toEqual([]);
  });
  it('finds an event that did not reach its topic', () => {
    expect(detailsOf([record(a, 0)])).toEqual(['OrderPlaced is not on orders']);
  });
  it('finds an event that is there twice', () => {
    expect(detailsOf([record(a, 0), record(a, 1), record(b, 2)])).toEqual(['is at orders/0@0 and again at orders/0@1']);
  });
  it('finds events of one stream out of order', () => {
    expect(detailsOf([record(b, 0), record(a, 1)])).not.toEqual([]);
  });
  it('finds a record that no event explains', () => {
    expect(detailsOf([record(a, 0), record(b, 1), record(b, 2, { eventId: null })])).toEqual(['no stored event explains this record']);
  });
  it('finds an event on the wrong topic, and a stream on two partitions', () => {
    expect(detailsOf([record(a, 0, { topic: 'payments' }), record(b, 1)])).toEqual(['is on the wrong topic, payments']);
    expect(detailsOf([record(a, 0), record(b, 1, { partition: 3 })])).toEqual(['is on partitions 0 and 3']);
  });
});

describe('The ledger compares what records say with what their events say and', () => {
  const data = { orderId: ORDER, name: 'Desk \ud83d', amount: money };
  const placed = stored('order-1', 0, 'OrderPlaced', data);
  const detailsOf = async (said: DecodedValue, change: Partial<ObservedRecord> = {}): Promise<string[]> =>
    (await checkContents([placed], [record(placed, 0, change)], async (_topic, values) => values.map(() => said))).map(
      ({ detail }) => detail,
    );

  it('is clean when they say the same, and leaves a record alone that no event explains', async () => {
    expect(await detailsOf({ event: { type: 'OrderPlaced', data: { ...data } } })).toEqual([]);
    expect(await detailsOf({ undecodable: 'no magic byte' }, { eventId: null })).toEqual([]);
  });
  it('finds a text that the wire has changed', async () => {
    const changed = { event: { type: 'OrderPlaced', data: { ...data, name: 'Desk \ufffd' } } };
    expect(await detailsOf(changed)).toEqual(['name is "Desk \ufffd", but its events say "Desk \\ud83d"']);
  });
  it('finds another type, and a record that nobody can read', async () => {
    expect(await detailsOf({ event: { type: 'OrderPaid', data } })).toEqual(['type is "OrderPaid", but its events say "OrderPlaced"']);
    expect(await detailsOf({ undecodable: 'no magic byte' })).toEqual(["can't be read on its topic: no magic byte (0 bytes)"]);
  });
});

describe('The ledger compares rows with the fold of their events and', () => {
  const expected = new Map([['order-1', { status: 'paid', revision: 2, lines: [{ sku: 'A', quantity: 1 }] }]]);
  const detailsOf = (actual: [string, Record<string, unknown>][]): string[] =>
    compareRows('rows', expected, new Map(actual)).map(({ detail }) => detail);

  it('is clean when they are equal, whatever the order of their fields', () => {
    expect(detailsOf([['order-1', { lines: [{ quantity: 1, sku: 'A' }], revision: 2, status: 'paid' }]])).toEqual([]);
  });
  it('finds a missing row, a surplus row and a row behind its stream', () => {
    expect(detailsOf([])).toEqual(['the row is missing']);
    expect(
      detailsOf([
        ['order-1', expected.get('order-1')!],
        ['order-2', {}],
      ]),
    ).toEqual(['no event explains this row']);
    expect(detailsOf([['order-1', { ...expected.get('order-1'), revision: 1 }]])).toEqual(['revision is 1, but its events say 2']);
  });
});

describe('The ledger balances the stock of every product and', () => {
  const units = (n: number): Map<string, number> => new Map([['A', n]]);
  it('is clean when what came is free, held or out', () => {
    expect(checkStock({ received: units(10), available: units(5), reserved: units(2), out: units(3) })).toEqual([]);
  });
  it('finds a unit that was lost, and one that was reserved twice', () => {
    expect(checkStock({ received: units(10), available: units(5), reserved: units(1), out: units(3) })).toHaveLength(1);
    expect(checkStock({ received: units(10), available: units(5), reserved: units(4), out: units(3) })).toHaveLength(1);
  });
  it('finds goods that came back but are not on hand again', () => {
    expect(checkStock({ received: units(10), available: units(5), reserved: units(2), out: units(0) })).toEqual([
      { check: 'stock', subject: 'A', detail: '10 received, but 5 available + 2 reserved + 0 out' },
    ]);
  });
  it('finds stock below zero even when the sum is right', () => {
    expect(checkStock({ received: units(1), available: units(-1), reserved: units(2), out: units(0) })).toHaveLength(1);
  });
});
