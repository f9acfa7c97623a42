import { describe, expect, it } from 'vitest';
import { MONEY, ORDER, type Told, story } from '../testing/events.ts';
import { type BookEntry, checkBook } from './book.ts';

const entry = (kind: BookEntry['kind'], id: string, change: Partial<BookEntry> = {}): BookEntry => ({
  id,
  reference: ORDER,
  kind,
  outcome: 'succeeded',
  amount: MONEY,
  ...change,
});
const refused = { outcome: 'refused' } as const;
const authorisation = entry('authorisation', 'auth_1');
const capture = entry('capture', 'cap_1');
const voided = entry('void', 'void_1');
const refund = entry('refund', 'ref_1');
const nothingReleased = entry('void', 'void_1', { amount: { amount: 0, currency: 'EUR' } });

const declined = (reason: string): Told[] => ['PaymentRequested', ['PaymentDeclined', { reason }]];

const detailsOf = (payment: readonly Told[], book: readonly BookEntry[]): string[] =>
  checkBook(story(...payment), book).map(({ detail }) => detail);

describe("The ledger compares the payment provider's book with the payment streams and", () => {
  it.each<[payment: Told[], book: BookEntry[]]>([
    [['PaymentRequested', 'PaymentAuthorised'], [authorisation]],
    [
      ['PaymentRequested', 'PaymentAuthorised', 'PaymentCaptured'],
      [authorisation, capture],
    ],
    [
      ['PaymentRequested', 'PaymentAuthorised', 'PaymentCaptured', 'PaymentRefunded'],
      [authorisation, capture, refund],
    ],
    [
      ['PaymentRequested', 'PaymentAuthorised', 'PaymentVoided'],
      [authorisation, voided],
    ],
    [
      ['PaymentRequested', 'PaymentAuthorised', 'PaymentCaptureFailed'],
      [authorisation, { ...capture, ...refused }],
    ],
    [
      ['PaymentRequested', 'PaymentAuthorised', 'PaymentCaptureFailed', 'PaymentVoided'],
      [authorisation, { ...capture, ...refused }, voided],
    ],
    [declined('insufficient-funds'), [{ ...authorisation, ...refused }]],
  ])('is clean when each operation of %j happened once', (payment, book) => {
    expect(detailsOf(payment, book)).toEqual([]);
  });

  it.each(['deadline', 'cancelled'])(
    'is clean when a payment that was given up (%s) holds nothing, whatever became of its authorisation',
    (reason) => {
      const givenUp = declined(reason);
      expect(detailsOf(givenUp, [nothingReleased])).toEqual([]);
      expect(detailsOf(givenUp, [nothingReleased, { ...authorisation, ...refused }])).toEqual([]);
      expect(detailsOf(givenUp, [authorisation, voided])).toEqual([]);
    },
  );

  const captured = ['PaymentRequested', 'PaymentAuthorised', 'PaymentCaptured'] as const;

  it('finds a second charge, a charge that no event tells of, and one that never happened', () => {
    expect(detailsOf(captured, [authorisation, capture, { ...capture, id: 'cap_2' }])).toContain('the provider did it more than once');
    expect(detailsOf([], [capture])).toContain('no event explains this row');
    expect(detailsOf(captured, [authorisation])).toContain('the row is missing');
  });

  it('finds a charge and its refund that no event tells of, though they come to nothing', () => {
    expect(detailsOf(declined('deadline'), [authorisation, capture, refund])).toEqual([
      'no event explains this row',
      'no event explains this row',
    ]);
  });

  it('finds a refusal that the provider knows nothing of', () => {
    expect(detailsOf(declined('insufficient-funds'), [])).toEqual(['the row is missing']);
  });

  it('finds an operation under another id, of another amount, or with another outcome', () => {
    expect(detailsOf(captured, [authorisation, { ...capture, id: 'cap_2' }])).toEqual(['id is "cap_2", but its events say "cap_1"']);
    const less = { ...capture, amount: { amount: 400, currency: 'EUR' } };
    expect(detailsOf(captured, [authorisation, less])).toHaveLength(3);
    expect(detailsOf(captured, [authorisation, { ...capture, ...refused }])).toHaveLength(3);
  });

  it('finds money that is held for a payment that was declined or given up', () => {
    expect(detailsOf(declined('deadline'), [authorisation])).toEqual(['held is 500, but its events say 0']);
    expect(detailsOf(declined('deadline'), [authorisation, nothingReleased])).toEqual(['held is 500, but its events say 0']);
  });

  it('finds money that was not released by a void, nor given back by a refund', () => {
    expect(detailsOf(['PaymentAuthorised', 'PaymentVoided'], [authorisation])).toEqual([
      'the row is missing',
      'held is 500, but its events say 0',
    ]);
    expect(detailsOf([...captured, 'PaymentRefunded'], [authorisation, capture])).toEqual([
      'the row is missing',
      'taken is 500, but its events say 0',
    ]);
  });

  it('finds money held for an order that no payment tells of', () => {
    expect(detailsOf([], [authorisation])).toEqual(['no event explains this row']);
  });
});
