import { type ProjectionCase, stream } from '@orderstream/postgres/testing';
import { payment } from '../payment.projection.ts';
import { revenueByDay } from '../revenue-by-day.projection.ts';

const orderId = '0f8fad5b-d9cb-469f-a165-70867728950e';
const customerId = '3d8ab0d1-64a5-4b6f-a3c2-94f1f1d0c002';
const amount = { amount: 5, currency: 'EUR' };
const at = (day: number): string => `2026-01-0${day}T00:00:00.000Z`;
const on = (day: number): Date => new Date(at(day));
const requested = ['PaymentRequested', { customerId, amount, requestedAt: at(1) }] as const;
const authorised = ['PaymentAuthorised', { authorisationId: 'auth_1', authorisedAt: at(2) }] as const;
let streams = 0;
const captured = (capturedAt: string, units: number, currency: string) =>
  stream(`payment-${++streams}`, ['PaymentCaptured', { amount: { amount: units, currency }, capturedAt }]);
const refunded = (refundedAt: string, units: number, currency: string) =>
  stream(`payment-${++streams}`, ['PaymentRefunded', { amount: { amount: units, currency }, refundedAt }]);

export const cases: readonly ProjectionCase[] = [
  {
    title: 'a payment that was given back names every step at the provider',
    table: payment,
    given: stream(
      `payment-${orderId}`,
      requested,
      authorised,
      ['PaymentCaptured', { captureId: 'cap_1', capturedAt: at(3) }],
      ['PaymentRefunded', { refundId: 'ref_1', refundedAt: at(4) }],
    ),
    // prettier-ignore
    then: [
      {
        order_id: orderId, revision: 3, status: 'refunded', customer_id: customerId, amount: 5, currency: 'EUR', authorisation_id: 'auth_1',
        capture_id: 'cap_1', void_id: null, refund_id: 'ref_1', reason: null, requested_at: on(1), updated_at: on(4),
      },
    ],
  },
  {
    title: 'a payment that was declined says why',
    table: payment,
    given: stream(`payment-${orderId}`, requested, ['PaymentDeclined', { reason: 'card-declined', declinedAt: at(2) }]),
    then: [{ status: 'declined', reason: 'card-declined', authorisation_id: null }],
  },
  {
    title: 'a payment whose capture failed can be voided',
    table: payment,
    given: stream(
      `payment-${orderId}`,
      requested,
      authorised,
      ['PaymentCaptureFailed', { reason: 'capture-refused', failedAt: at(3) }],
      ['PaymentVoided', { voidId: 'void_1', voidedAt: at(4) }],
    ),
    then: [{ status: 'voided', reason: 'capture-refused', void_id: 'void_1', updated_at: on(4) }],
  },
  {
    title: 'a day has what was captured on it in UTC, by currency',
    table: revenueByDay,
    given: [
      ...captured('2026-01-03T00:00:00.000Z', 5, 'EUR'),
      ...captured('2026-01-02T23:59:59.999Z', 7, 'EUR'),
      ...captured('2026-01-02T00:00:00.000Z', 11, 'EUR'),
      ...captured('2026-01-02T12:00:00.000Z', 13, 'CHF'),
    ],
    then: [
      { day: '2026-01-02', currency: 'CHF', amount: 13, captures: 1, refunded: 0, refunds: 0 },
      { day: '2026-01-02', currency: 'EUR', amount: 18, captures: 2, refunded: 0, refunds: 0 },
      { day: '2026-01-03', currency: 'EUR', amount: 5, captures: 1, refunded: 0, refunds: 0 },
    ],
  },
  {
    title: 'a day has what was refunded on it, whenever that was captured',
    table: revenueByDay,
    given: [
      ...captured('2026-01-02T12:00:00.000Z', 11, 'EUR'),
      ...refunded('2026-01-03T12:00:00.000Z', 11, 'EUR'),
      ...captured('2026-01-03T12:00:00.000Z', 3, 'EUR'),
      ...refunded('2026-01-04T00:00:00.000Z', 3, 'EUR'),
    ],
    then: [
      { day: '2026-01-02', amount: 11, captures: 1, refunded: 0, refunds: 0 },
      { day: '2026-01-03', amount: 3, captures: 1, refunded: 11, refunds: 1 },
      { day: '2026-01-04', amount: 0, captures: 0, refunded: 3, refunds: 1 },
    ],
  },
  {
    title: 'no day has what is only authorised, voided, or could not be captured',
    table: revenueByDay,
    given: stream(`payment-${orderId}`, authorised, ['PaymentCaptureFailed', { amount }], ['PaymentVoided', { amount }]),
    then: [],
  },
];
