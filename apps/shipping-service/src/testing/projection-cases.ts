import { type ProjectionCase, stream } from '@orderstream/postgres/testing';
import { dispatchesByDay } from '../dispatches-by-day.projection.ts';
import { shipment } from '../shipment.projection.ts';

const orderId = '0b5f2c6e-3f55-4a53-9c6e-7a4de7f0a001';
const customerId = '3d8ab0d1-64a5-4b6f-a3c2-94f1f1d0c002';
const lines = [{ sku: 'TEA', quantity: 2 }];
const at = (day: number): string => `2026-01-0${day}T00:00:00.000Z`;
const on = (day: number): Date => new Date(at(day));
const scheduled = ['ShipmentScheduled', { customerId, lines, recipient: 'sealed', scheduledAt: at(1) }] as const;
const dispatched = ['ShipmentDispatched', { carrier: 'DHL', trackingNumber: 'T-1', dispatchedAt: at(2) }] as const;

export const cases: readonly ProjectionCase[] = [
  {
    title: 'goods that were recalled have come back',
    table: shipment,
    given: stream(
      `shipment-${orderId}`,
      scheduled,
      dispatched,
      ['ShipmentRecalled', { recalledAt: at(3) }],
      ['ShipmentReturned', { returnedAt: at(4) }],
    ),
    // prettier-ignore
    then: [
      {
        order_id: orderId, revision: 3, status: 'returned', customer_id: customerId, lines, recipient: 'sealed', carrier: 'DHL',
        tracking_number: 'T-1', cancellation_reason: null, scheduled_at: on(1), dispatched_at: on(2), recalled_at: on(3),
        delivered_at: null, returned_at: on(4), cancelled_at: null,
      },
    ],
  },
  {
    title: 'goods are delivered',
    table: shipment,
    given: stream(`shipment-${orderId}`, scheduled, dispatched, ['ShipmentDelivered', { deliveredAt: at(3) }]),
    then: [{ status: 'delivered', delivered_at: on(3), returned_at: null }],
  },
  {
    title: 'a shipment that was cancelled says why',
    table: shipment,
    given: stream(`shipment-${orderId}`, scheduled, ['ShipmentCancelled', { reason: 'DISPATCH_DEADLINE', cancelledAt: at(2) }]),
    then: [{ status: 'cancelled', cancellation_reason: 'DISPATCH_DEADLINE', cancelled_at: on(2), carrier: null }],
  },
  {
    title: 'a day counts what left on it, in UTC',
    table: dispatchesByDay,
    given: [
      ...stream('shipment-1', scheduled, ['ShipmentDispatched', { dispatchedAt: '2026-01-02T23:59:59.999Z' }]),
      ...stream('shipment-2', scheduled, ['ShipmentDispatched', { dispatchedAt: '2026-01-03T00:00:00.000Z' }]),
      ...stream('shipment-3', scheduled, ['ShipmentDispatched', { dispatchedAt: '2026-01-02T00:00:00.000Z' }]),
    ],
    then: [
      { day: '2026-01-02', dispatches: 2 },
      { day: '2026-01-03', dispatches: 1 },
    ],
  },
];
