import { type ProjectionCase, stream } from '@orderstream/postgres/testing';
import { orderDemand } from '../order-demand.projection.ts';
import { orderPrice } from '../order-price.projection.ts';
import { orderPayment, orderShipment, orderSummary } from '../order-summary.projection.ts';

const orderId = '0b5f2c6e-3f55-4a53-9c6e-7a4de7f0a001';
const customerId = '3d8ab0d1-64a5-4b6f-a3c2-94f1f1d0c002';
const lines = [{ sku: 'TEA', quantity: 2, unitPrice: { amount: 450, currency: 'EUR' } }];
const total = { amount: 900, currency: 'EUR' };
const at = (day: number): string => `2026-01-0${day}T00:00:00.000Z`;
const on = (day: number): Date => new Date(at(day));
const placed = ['OrderPlaced', { customerId, lines, total, placedAt: at(1) }] as const;
const ordered = (id: string, placedAt: string, sku: string, quantity: number) =>
  stream(`order-${id}`, ['OrderPlaced', { placedAt, lines: [{ sku, quantity, unitPrice: total }] }]);

export const cases: readonly ProjectionCase[] = [
  {
    title: 'an order that was shipped and came back keeps what is known of it',
    table: orderSummary,
    given: stream(
      `order-${orderId}`,
      placed,
      ['ShippingAddressChanged', { recipient: 'sealed', changedAt: at(2) }],
      ['OrderAccepted', { acceptedAt: at(3) }],
      ['OrderPaid', { paidAt: at(4) }],
      ['OrderShipped', { carrier: 'DHL', trackingNumber: 'T-1', shippedAt: at(5) }],
      ['OrderCancellationRequested', { requestedAt: at(6) }],
      ['OrderCancelled', { reason: 'RETURNED', cancelledAt: at(7) }],
    ),
    // prettier-ignore
    then: [
      {
        order_id: orderId, revision: 6, status: 'cancelled', customer_id: customerId, lines, total_amount: 900, currency: 'EUR',
        placed_at: on(1), updated_at: on(7), carrier: 'DHL', tracking_number: 'T-1', rejection_reason: null, rejection_detail: null,
        cancellation_requested_at: on(6), cancelled_at: on(7), cancellation_reason: 'RETURNED',
      },
    ],
  },
  {
    title: 'an order is delivered, whatever its address was',
    table: orderSummary,
    given: stream(
      `order-${orderId}`,
      placed,
      ['OrderAccepted', { acceptedAt: at(2) }],
      ['OrderPaid', { paidAt: at(3) }],
      ['OrderShipped', { carrier: 'DHL', trackingNumber: 'T-1', shippedAt: at(4) }],
      ['OrderDelivered', { deliveredAt: at(5) }],
      ['ShippingAddressChanged', { recipient: 'sealed', changedAt: at(6) }],
    ),
    then: [{ status: 'delivered', revision: 5, updated_at: on(6), cancelled_at: null }],
  },
  {
    title: 'an order says why it was rejected',
    table: orderSummary,
    given: stream(`order-${orderId}`, placed, [
      'OrderRejected',
      { reason: 'OUT_OF_STOCK', detail: 'Out of stock: TEA', rejectedAt: at(2) },
    ]),
    then: [{ status: 'rejected', rejection_reason: 'OUT_OF_STOCK', rejection_detail: 'Out of stock: TEA', updated_at: on(2) }],
  },
  ...(
    [
      ['PaymentRequested', 'requestedAt', 'requested'],
      ['PaymentAuthorised', 'authorisedAt', 'authorised'],
      ['PaymentDeclined', 'declinedAt', 'declined'],
      ['PaymentCaptured', 'capturedAt', 'captured'],
      ['PaymentCaptureFailed', 'failedAt', 'capture-failed'],
      ['PaymentVoided', 'voidedAt', 'voided'],
      ['PaymentRefunded', 'refundedAt', 'refunded'],
    ] as const
  ).map(([type, instant, status]) => ({
    title: `follows the payment: ${type}`,
    table: orderPayment,
    given: stream(`payment-${orderId}`, [type, { [instant]: at(3) }]),
    then: [{ order_id: orderId, revision: 0, status, updated_at: on(3) }],
  })),
  ...(
    [
      ['ShipmentScheduled', 'scheduledAt', 'scheduled'],
      ['ShipmentDispatched', 'dispatchedAt', 'dispatched'],
      ['ShipmentDelivered', 'deliveredAt', 'delivered'],
      ['ShipmentCancelled', 'cancelledAt', 'cancelled'],
      ['ShipmentRecalled', 'recalledAt', 'recalled'],
      ['ShipmentReturned', 'returnedAt', 'returned'],
    ] as const
  ).map(([type, instant, status]) => ({
    title: `follows the shipment: ${type}`,
    table: orderShipment,
    given: stream(`shipment-${orderId}`, [type, { [instant]: at(3) }]),
    then: [{ order_id: orderId, revision: 0, status, updated_at: on(3) }],
  })),
  {
    title: 'a product has the last price, and is on sale until it is delisted',
    table: orderPrice,
    given: [
      ...stream('product-CUP', ['ProductListed', { price: total }], ['ProductPriceChanged', { price: { amount: 5, currency: 'CHF' } }]),
      ...stream('product-TEA', ['ProductListed', { price: total }], ['ProductDelisted', {}]),
    ],
    then: [
      { sku: 'CUP', revision: 1, amount: 5, currency: 'CHF', on_sale: true },
      { sku: 'TEA', revision: 1, amount: 900, currency: 'EUR', on_sale: false },
    ],
  },
  {
    title: 'units add up by product and UTC day',
    table: orderDemand,
    given: [
      ...ordered('1', '2026-01-02T23:59:59.999Z', 'TEA', 2),
      ...ordered('2', '2026-01-03T00:00:00.000Z', 'TEA', 5),
      ...ordered('3', '2026-01-02T00:00:00.000Z', 'TEA', 1),
      ...ordered('4', '2026-01-02T00:00:00.000Z', 'CUP', 1),
    ],
    then: [
      { sku: 'CUP', day: '2026-01-02', units: 1 },
      { sku: 'TEA', day: '2026-01-02', units: 3 },
      { sku: 'TEA', day: '2026-01-03', units: 5 },
    ],
  },
  {
    title: 'there is no demand where nothing was placed',
    table: orderDemand,
    given: stream(`order-${orderId}`, ['OrderAccepted', {}]),
    then: [],
  },
];
