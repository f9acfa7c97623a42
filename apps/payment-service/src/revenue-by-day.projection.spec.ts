import type { EventOf } from '@orderstream/contracts';
import type { DeliveredEvent } from '@orderstream/messaging';
import { describe, expect, it } from 'vitest';
import { revenueOf } from './revenue-by-day.projection.ts';

const orderId = '0f8fad5b-d9cb-469f-a165-70867728950e';
const delivered = (event: EventOf<'payment'>): DeliveredEvent<EventOf<'payment'>> => ({
  id: 'id',
  event,
  stream: `payment-${orderId}`,
  revision: 2,
  recordedAt: '2026-01-09T00:00:00.000Z',
  correlationId: 'flow',
  causationId: 'cause',
});
const captured = (capturedAt: string, amount: number, currency: string): DeliveredEvent<EventOf<'payment'>> =>
  delivered({ type: 'PaymentCaptured', data: { orderId, amount: { amount, currency }, captureId: 'cap_1', capturedAt } });
const refunded = (refundedAt: string, amount: number, currency: string): DeliveredEvent<EventOf<'payment'>> =>
  delivered({ type: 'PaymentRefunded', data: { orderId, amount: { amount, currency }, refundId: 'ref_1', refundedAt } });

describe('The revenue of a day', () => {
  it('is what was captured on it in UTC, by currency', () => {
    const facts = [
      captured('2026-01-03T00:00:00.000Z', 5, 'EUR'),
      captured('2026-01-02T23:59:59.999Z', 7, 'EUR'),
      captured('2026-01-02T00:00:00.000Z', 11, 'EUR'),
      captured('2026-01-02T12:00:00.000Z', 13, 'CHF'),
    ];
    const none = { refunded: 0, refunds: 0 };
    expect(revenueOf(facts)).toEqual([
      { day: '2026-01-02', currency: 'CHF', captured: 13, captures: 1, ...none },
      { day: '2026-01-02', currency: 'EUR', captured: 18, captures: 2, ...none },
      { day: '2026-01-03', currency: 'EUR', captured: 5, captures: 1, ...none },
    ]);
  });

  it('tells what was refunded on it apart, whenever that was captured', () => {
    const facts = [
      captured('2026-01-02T12:00:00.000Z', 11, 'EUR'),
      refunded('2026-01-03T12:00:00.000Z', 11, 'EUR'),
      captured('2026-01-03T12:00:00.000Z', 3, 'EUR'),
      refunded('2026-01-04T00:00:00.000Z', 3, 'EUR'),
    ];
    expect(revenueOf(facts)).toEqual([
      { day: '2026-01-02', currency: 'EUR', captured: 11, captures: 1, refunded: 0, refunds: 0 },
      { day: '2026-01-03', currency: 'EUR', captured: 3, captures: 1, refunded: 11, refunds: 1 },
      { day: '2026-01-04', currency: 'EUR', captured: 0, captures: 0, refunded: 3, refunds: 1 },
    ]);
  });

  it('has nothing of what is only authorised, voided, or could not be captured', () => {
    const amount = { amount: 5, currency: 'EUR' };
    const at = '2026-01-02T03:04:05.678Z';
    const authorised = delivered({ type: 'PaymentAuthorised', data: { orderId, amount, authorisationId: 'auth_1', authorisedAt: at } });
    const failed = delivered({ type: 'PaymentCaptureFailed', data: { orderId, amount, reason: 'capture-refused', failedAt: at } });
    const voided = delivered({ type: 'PaymentVoided', data: { orderId, amount, voidId: 'void_1', voidedAt: at } });
    expect(revenueOf([authorised, failed, voided])).toEqual([]);
  });
});
