import type { EventOn, EventType } from '@orderstream/contracts';
import type { DeliveredEvent } from '@orderstream/messaging';
import { describe, expect, it } from 'vitest';
import { orderPaymentRows, orderShipmentRows, orderSummaryRows } from './order-summary.projection.ts';

const orderId = '0b5f2c6e-3f55-4a53-9c6e-7a4de7f0a001';
const day = (n: number): string => `2026-01-0${n}T00:00:00.000Z`;

function facts<On extends 'orders' | 'payments' | 'shipments'>(...events: readonly [EventType, object][]): DeliveredEvent<EventOn<On>>[] {
  return events.map(
    ([type, data], revision) => ({ revision, event: { type, data: { orderId, ...data } } }) as unknown as DeliveredEvent<EventOn<On>>,
  );
}

describe('the row of an order', () => {
  it('is cancelled with what was known of it, in one change for the whole batch', () => {
    const placed = { customerId: 'c', lines: [], total: { amount: 5, currency: 'EUR' }, placedAt: day(1) };
    const changes = orderSummaryRows.changesOf(
      facts<'orders'>(
        ['OrderPlaced', placed],
        ['ShippingAddressChanged', { recipient: 'sealed', changedAt: day(2) }],
        ['OrderAccepted', { acceptedAt: day(3) }],
        ['OrderPaid', { paidAt: day(4) }],
        ['OrderShipped', { carrier: 'DHL', trackingNumber: 'T-1', shippedAt: day(5) }],
        ['OrderCancellationRequested', { requestedAt: day(6) }],
        ['OrderCancelled', { reason: 'RETURNED', detail: 'The goods came back', stage: 'shipped', cancelledAt: day(7) }],
      ),
    );
    expect(changes).toEqual([
      {
        key: orderId,
        since: -1,
        revision: 6,
        values: {
          status: 'cancelled',
          customer_id: 'c',
          lines: [],
          total_amount: 5,
          currency: 'EUR',
          placed_at: day(1),
          updated_at: day(7),
          carrier: 'DHL',
          tracking_number: 'T-1',
          cancellation_requested_at: day(6),
          cancelled_at: day(7),
          cancellation_reason: 'RETURNED',
        },
      },
    ]);
  });
  it('keeps its status when its address changes', () => {
    const [change] = orderSummaryRows.changesOf(facts<'orders'>(['ShippingAddressChanged', { recipient: 'sealed', changedAt: day(2) }]));
    expect(change!.values.status).toBeUndefined();
  });
});

describe('the rows beside it', () => {
  it.each([
    ['PaymentRequested', 'requestedAt', 'requested'],
    ['PaymentAuthorised', 'authorisedAt', 'authorised'],
    ['PaymentDeclined', 'declinedAt', 'declined'],
    ['PaymentCaptured', 'capturedAt', 'captured'],
    ['PaymentCaptureFailed', 'failedAt', 'capture-failed'],
    ['PaymentVoided', 'voidedAt', 'voided'],
    ['PaymentRefunded', 'refundedAt', 'refunded'],
  ] as const)('follow the payment: %s', (type, at, status) => {
    const changes = orderPaymentRows.changesOf(facts<'payments'>([type, { [at]: day(3) }]));
    expect(changes).toEqual([{ key: orderId, since: -1, revision: 0, values: { status, updated_at: day(3) } }]);
  });
  it.each([
    ['ShipmentScheduled', 'scheduledAt', 'scheduled'],
    ['ShipmentDispatched', 'dispatchedAt', 'dispatched'],
    ['ShipmentDelivered', 'deliveredAt', 'delivered'],
    ['ShipmentCancelled', 'cancelledAt', 'cancelled'],
    ['ShipmentRecalled', 'recalledAt', 'recalled'],
    ['ShipmentReturned', 'returnedAt', 'returned'],
  ] as const)('follow the shipment: %s', (type, at, status) => {
    const changes = orderShipmentRows.changesOf(facts<'shipments'>([type, { [at]: day(3) }]));
    expect(changes).toEqual([{ key: orderId, since: -1, revision: 0, values: { status, updated_at: day(3) } }]);
  });
});
