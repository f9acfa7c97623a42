import { describe, expect, it } from 'vitest';
import type { OrderEvent } from './domain/order.decider.ts';
import type { OrderView } from './order.api.ts';
import { viewOf } from './order.view.ts';

const orderId = '0b5f2c6e-3f55-4a53-9c6e-7a4de7f0a001';
const customerId = '3d8ab0d1-64a5-4b6f-a3c2-94f1f1d0c002';
const total = { amount: 900, currency: 'EUR' };
const lines = [{ sku: 'TEA', quantity: 2, unitPrice: { amount: 450, currency: 'EUR' } }];
const day = (n: number): string => `2026-01-0${n}T00:00:00.000Z`;

const placed: OrderEvent = {
  type: 'OrderPlaced',
  data: { orderId, customerId, lines, total, paymentMethod: 'pm', recipient: 'sealed', placedAt: day(1) },
};
const accepted: OrderEvent = { type: 'OrderAccepted', data: { orderId, customerId, total, paymentMethod: 'pm', acceptedAt: day(2) } };
const paid: OrderEvent = {
  type: 'OrderPaid',
  data: { orderId, customerId, lines: [{ sku: 'TEA', quantity: 2 }], recipient: 'sealed', paidAt: day(3) },
};
const shipped: OrderEvent = { type: 'OrderShipped', data: { orderId, carrier: 'DHL', trackingNumber: 'T-1', shippedAt: day(4) } };
const delivered: OrderEvent = { type: 'OrderDelivered', data: { orderId, deliveredAt: day(5) } };
const rejected: OrderEvent = {
  type: 'OrderRejected',
  data: { orderId, reason: 'OUT_OF_STOCK', detail: 'Out of stock: TEA', rejectedAt: day(2) },
};

const requested: OrderEvent = { type: 'OrderCancellationRequested', data: { orderId, requestedAt: day(6) } };
const cancelled: OrderEvent = {
  type: 'OrderCancelled',
  data: { orderId, reason: 'RETURNED', detail: 'The goods came back', stage: 'shipped', cancelledAt: day(7) },
};
const addressChanged: OrderEvent = { type: 'ShippingAddressChanged', data: { orderId, recipient: 'sealed anew', changedAt: day(8) } };

const view = (...events: OrderEvent[]): OrderView | null =>
  viewOf(events.map((event, revision) => ({ event, revision, stream: `order-${orderId}` })));

describe('the view of an order', () => {
  it('shows what was placed, and to nobody where it goes', () => {
    expect(view(placed)).toEqual({
      orderId,
      customerId,
      lines,
      total,
      revision: 0,
      status: 'placed',
      placedAt: day(1),
      updatedAt: day(1),
      paymentStatus: null,
      shipmentStatus: null,
      shipment: null,
      rejection: null,
      cancellation: null,
    });
  });
  it('follows the order to its delivery', () => {
    expect(view(placed, accepted)).toMatchObject({ revision: 1, status: 'accepted', updatedAt: day(2) });
    expect(view(placed, accepted, paid)).toMatchObject({ revision: 2, status: 'paid', updatedAt: day(3), shipment: null });
    expect(view(placed, accepted, paid, shipped, delivered)).toMatchObject({
      revision: 4,
      status: 'delivered',
      placedAt: day(1),
      updatedAt: day(5),
      shipment: { carrier: 'DHL', trackingNumber: 'T-1' },
    });
  });
  it('says why an order was rejected', () => {
    expect(view(placed, rejected)).toMatchObject({
      revision: 1,
      status: 'rejected',
      rejection: { reason: 'OUT_OF_STOCK', detail: 'Out of stock: TEA' },
    });
  });
  it('says that its cancellation is asked for, and goes on meanwhile', () => {
    const asked = view(placed, accepted, paid, requested);
    const cancellation = { requestedAt: day(6), cancelledAt: null, reason: null };
    expect(asked).toMatchObject({ revision: 3, status: 'paid', updatedAt: day(6), cancellation });
    expect(view(placed, accepted, paid, requested, shipped)).toMatchObject({ revision: 4, status: 'shipped', cancellation });
  });
  it('says when and why it was cancelled, asked for or not', () => {
    expect(view(placed, accepted, paid, shipped, requested, cancelled)).toMatchObject({
      status: 'cancelled',
      updatedAt: day(7),
      cancellation: { requestedAt: day(6), cancelledAt: day(7), reason: 'RETURNED' },
    });
    expect(view(placed, cancelled)).toMatchObject({
      status: 'cancelled',
      cancellation: { requestedAt: null, cancelledAt: day(7), reason: 'RETURNED' },
    });
  });
  it('shows that an address was changed, and not which', () => {
    expect(view(placed, accepted, addressChanged)).toEqual({ ...view(placed, accepted), revision: 2, updatedAt: day(8) });
  });
});
