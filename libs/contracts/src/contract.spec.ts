import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ContractViolation, contracts, subjectOf } from './contract.ts';
import { reactions } from './reactions.ts';
import { categoryOf, streams } from './streams.ts';
import { newerContracts } from './testing/index.ts';

const golden = new URL('../golden/', import.meta.url);
const sample = (name: string): { bytes: string; value: Record<string, unknown> } =>
  JSON.parse(readFileSync(new URL(`${name}.json`, golden), 'utf8')) as { bytes: string; value: Record<string, unknown> };
const placed = sample('OrderPlaced.v1').value;

describe('Every version of every event', () => {
  it('has a golden sample', () => {
    expect(readdirSync(golden).sort()).toEqual(contracts.versions.map(({ type, version }) => `${type}.v${version}.json`).sort());
  });

  it.each(contracts.versions.map((version) => [`${version.type}.v${version.version}`, version] as const))(
    '%s decodes from its golden bytes to the current type',
    (name, written) => {
      const { bytes, value } = sample(name);
      const current = contracts.version(written.type, contracts.currentVersion(written.type))!.avro;
      const decoded = current.fromBuffer(Buffer.from(bytes, 'base64'), current.createResolver(written.avro)) as object;
      expect(decoded).toMatchObject(value);
      expect(() => contracts.check(written.type, { ...decoded })).not.toThrow();
    },
  );
});

describe('Every event', () => {
  it('belongs to exactly one kind of stream, on the topic of its schema', () => {
    const declared = Object.values(streams).flatMap(({ topic, events }) => events.map((type) => `${topic} ${type}`));
    expect(declared.sort()).toEqual([...new Set(contracts.versions.map(({ topic, type }) => `${topic} ${type}`))].sort());
  });

  it('that somebody reacts to is declared', () => {
    for (const { on } of reactions) expect(contracts.of(on)).toBeDefined();
  });
});

describe('An event is refused when', () => {
  const refusal = (data: object): string => {
    try {
      contracts.check('OrderPlaced', data);
    } catch (violation) {
      if (violation instanceof ContractViolation) return violation.message;
      throw violation;
    }
    return 'accepted';
  };

  it('no contract declares its type', () => {
    expect(() => contracts.check('OrderTeleported', {})).toThrow('no contract declares an event OrderTeleported');
  });
  it.each([
    ['a field is absent', { ...placed, customerId: undefined }, 'customerId'],
    ['a field is undeclared', { ...placed, colour: 'red' }, 'colour'],
    ['an id is no UUID', { ...placed, orderId: 'order-1' }, 'orderId'],
    ['an instant is not ISO-8601 UTC with milliseconds', { ...placed, placedAt: '2026-01-02' }, 'placedAt'],
    ['an instant does not exist', { ...placed, placedAt: '2026-13-02T00:00:00.000Z' }, 'placedAt'],
    ['a day does not exist', { ...placed, placedAt: '2026-02-31T00:00:00.000Z' }, 'placedAt'],
    ['an hour does not exist', { ...placed, placedAt: '2026-02-01T24:00:00.000Z' }, 'placedAt'],
    ['it was in a year that Postgres does not know', { ...placed, placedAt: '0000-02-01T00:00:00.000Z' }, 'placedAt'],
    ['a text has half a surrogate pair', { ...placed, paymentMethod: 'pm \ud83d' }, 'paymentMethod'],
    ['a text in a list has one', { ...placed, lines: [{ ...(placed['lines'] as object[])[0], sku: '\udc00' }] }, 'lines.0.sku'],
    ['a quantity is a fraction', { ...placed, lines: [{ sku: 'A', quantity: 1.5, unitPrice: placed['total'] }] }, 'lines.0.quantity'],
    ['an amount is beyond what a number holds exactly', { ...placed, total: { amount: 2 ** 60, currency: 'EUR' } }, 'total.amount'],
  ])('%s, naming the field', (_, data, field) => {
    expect(refusal(data)).toContain(field);
  });
  it('a text that may be null has half a surrogate pair', () => {
    const listed = { ...sample('ProductListed.v1').value, brand: null };
    expect(() => newerContracts.check('ProductListed', listed)).not.toThrow();
    expect(() => newerContracts.check('ProductListed', { ...listed, brand: 'no \ud800' })).toThrow('brand');
  });
  it('and passes when it is whole', () => {
    expect(refusal(placed)).toBe('accepted');
  });
});

describe('A stream name', () => {
  it('tells its category', () => {
    expect(categoryOf('order-0f8fad5b-d9cb-469f-a165-70867728950e')).toBe('order');
    expect(categoryOf('product-OAK-DESK-1')).toBe('product');
  });
  it('of nobody has none', () => {
    expect(categoryOf('$stats-127')).toBeNull();
    expect(categoryOf('snapshot-order-1')).toBeNull();
    expect(categoryOf('toString-1')).toBeNull();
    expect(categoryOf('order')).toBeNull();
  });
});

describe('What was stored as some version of an event', () => {
  const v1 = { sku: 'TEA', name: 'Tea', price: { amount: 300, currency: 'EUR' }, listedAt: '2026-01-01T00:00:00.000Z' };
  const v2 = { ...v1, brand: 'Hills' };

  it('is as it is when the version is the current one', () => {
    expect(contracts.current('ProductListed', 1, v1)).toEqual({ kind: 'known', data: v1 });
    expect(newerContracts.current('ProductListed', 2, v2)).toEqual({ kind: 'known', data: v2 });
  });
  it('gets what is new when the version is older, as often as it is asked for', () => {
    for (const _ of [1, 2]) expect(newerContracts.current('ProductListed', 1, v1)).toEqual({ kind: 'known', data: { ...v1, brand: null } });
  });
  it('is refused when the older version does not declare it, naming the field', () => {
    const wrong = { ...v1, sku: 7 };
    expect(() => newerContracts.current('ProductListed', 1, wrong)).toThrow(/^version 1 of ProductListed: sku: 7 is not string$/);
  });
  it('is said to be newer when a later release wrote it', () => {
    expect(contracts.current('ProductListed', 2, v2)).toEqual({ kind: 'newer', known: 1 });
  });
  it('is unknown when there is no such event, or never was such a version', () => {
    expect(contracts.current('ProductPraised', 1, {})).toEqual({ kind: 'unknown' });
    expect(contracts.current('ProductListed', 0, v1)).toEqual({ kind: 'unknown' });
    expect(contracts.current('ProductListed', 0.5, v1)).toEqual({ kind: 'unknown' });
  });
});

it('Every schema is registered under the subject by which other releases look for its type', () => {
  for (const { topic, type, subject } of newerContracts.versions) expect(subject).toBe(subjectOf(topic, type));
});
