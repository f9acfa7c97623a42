import type { EventType } from '@orderstream/contracts';
import { describe, expect, it } from 'vitest';
import { ORDER, type Told, story } from '../testing/events.ts';
import { checkOrderStreams, failedCaptures } from './order-streams.ts';

const detailsOf = (...told: readonly Told[]): string[] => checkOrderStreams(story(...told), new Set()).map(({ detail }) => detail);

const accepted = ['OrderPlaced', 'StockReserved', 'ReservationConfirmed', 'OrderAccepted', 'PaymentRequested'] as const;
const released = ['StockReleased', 'ReservationReleased'] as const;
const paid = [...accepted, 'PaymentAuthorised', 'OrderPaid', 'ShipmentScheduled'] as const;
const dispatched = [...paid, 'ShipmentDispatched', 'StockIssued', 'ReservationFulfilled', 'OrderShipped'] as const;
const shipped = [...dispatched, 'PaymentCaptured'] as const;
const delivered = [...shipped, 'ShipmentDelivered', 'OrderDelivered'] as const;
const backIn = ['ShipmentReturned', 'StockReturned', 'ReservationReturned'] as const;
const cancelledWhen = (stage: string): Told => ['OrderCancelled', { stage }];
const rejectedFor = (reason: string): Told => ['OrderRejected', { reason }];
const cancelled = [...paid, 'ShipmentCancelled', 'PaymentVoided', ...released, cancelledWhen('paid')] as const;
const returned = [...shipped, ...backIn, 'PaymentRefunded', cancelledWhen('shipped')] as const;
const outOfStock = ['OrderPlaced', 'StockRefused', 'ReservationRejected', ['StockReleased', { quantity: 0 }]] as const;

describe('The ledger compares the streams of each order and is clean when it', () => {
  it.each<[how: string, told: readonly Told[]]>([
    ['waits for the warehouse', paid],
    ['is on its way', shipped],
    ['is on its way back', [...shipped, 'OrderCancellationRequested', 'ShipmentRecalled']],
    ['was delivered', delivered],
    [
      'was delivered to another address than at first',
      ['OrderPlaced', 'ShippingAddressChanged', 'ShippingAddressChanged', ...delivered.slice(1)],
    ],
    [
      'was delivered, recalled too late',
      [...shipped, 'OrderCancellationRequested', 'ShipmentRecalled', 'ShipmentDelivered', 'OrderDelivered'],
    ],
    ['was delivered, and its capture failed', [...dispatched, 'PaymentCaptureFailed', 'ShipmentDelivered', 'OrderDelivered']],
    ['was out of stock', [...outOfStock, rejectedFor('OUT_OF_STOCK')]],
    ['was refused payment', [...accepted, 'PaymentDeclined', rejectedFor('PAYMENT_DECLINED'), ...released]],
    [
      'was cancelled as soon as it was placed',
      ['OrderPlaced', cancelledWhen('placed'), 'StockReserved', 'ReservationConfirmed', ...released],
    ],
    ['was cancelled when nothing could be reserved for it', [...outOfStock, cancelledWhen('placed')]],
    ['was cancelled before payment', [...accepted, cancelledWhen('accepted'), 'PaymentDeclined', ...released]],
    ['was cancelled while it was being paid', [...accepted, cancelledWhen('accepted'), 'PaymentAuthorised', 'PaymentVoided', ...released]],
    [
      'was cancelled before dispatch',
      [...paid, 'OrderCancellationRequested', 'ShipmentCancelled', 'PaymentVoided', ...released, cancelledWhen('paid')],
    ],
    ['came back', returned],
    [
      'came back, and its capture had failed',
      [...dispatched, 'PaymentCaptureFailed', ...backIn, 'PaymentVoided', cancelledWhen('shipped')],
    ],
  ])('%s', (_how, told) => {
    expect(detailsOf(...told)).toEqual([]);
  });
});

describe('The ledger compares the streams of each order and finds', () => {
  it('an order that is stuck', () => {
    expect(detailsOf('OrderPlaced')).toEqual(['is placed, and nothing is under way that could change that']);
    expect(detailsOf(...accepted)).toEqual(['is accepted, and nothing is under way that could change that']);
  });

  it('streams of an order that was never placed', () => {
    expect(detailsOf('PaymentRequested')).toEqual(['no such order was placed, but other streams tell of it']);
  });

  it.each<[end: EventType, later: EventType, told: readonly Told[]]>([
    ['OrderDelivered', 'OrderDelivered', delivered],
    ['OrderRejected', 'OrderAccepted', [...outOfStock, rejectedFor('OUT_OF_STOCK')]],
    ['OrderCancelled', 'OrderShipped', cancelled],
    ['ReservationRejected', 'ReservationConfirmed', outOfStock],
    ['ReservationReleased', 'ReservationFulfilled', cancelled],
    ['ReservationReturned', 'ReservationReleased', returned],
    ['PaymentDeclined', 'PaymentAuthorised', [...accepted, 'PaymentDeclined']],
    ['PaymentVoided', 'PaymentCaptured', cancelled],
    ['PaymentRefunded', 'PaymentVoided', returned],
    ['ShipmentDelivered', 'ShipmentReturned', delivered],
    ['ShipmentCancelled', 'ShipmentDispatched', cancelled],
    ['ShipmentReturned', 'ShipmentDelivered', returned],
  ])('a stream that goes on after %s', (end, later, told) => {
    expect(detailsOf(...told, later)).toContain(`${later} came after ${end}, which ends the stream`);
  });

  it('an event that comes twice', () => {
    expect(detailsOf(...shipped, 'PaymentCaptured')).toEqual(['PaymentCaptured came a second time']);
  });

  it('an order that is delivered while its shipment is not, and the other way round', () => {
    expect(detailsOf(...shipped, 'OrderDelivered')).toEqual(['is delivered, but the last event of its shipment is ShipmentDispatched']);
    expect(detailsOf(...shipped, 'ShipmentDelivered')).toEqual(['is shipped, but the last event of its shipment is ShipmentDelivered']);
  });

  it('goods that are still reserved for an order that was cancelled or rejected', () => {
    const wrong = [
      'is cancelled when accepted, but the last event of its reservation is ReservationConfirmed',
      'held is 2, but its events say 0',
    ];
    expect(detailsOf(...accepted, 'PaymentDeclined', cancelledWhen('accepted'))).toEqual(wrong);
    expect(detailsOf(...accepted, 'PaymentDeclined', rejectedFor('PAYMENT_DECLINED'), 'ReservationReleased')).toEqual([
      'held is 2, but its events say 0',
    ]);
  });

  it('money that is held for an order that was cancelled, or taken for goods that came back', () => {
    expect(detailsOf(...paid, 'ShipmentCancelled', ...released, cancelledWhen('paid'))).toEqual([
      'is cancelled when paid, but the last event of its payment is PaymentAuthorised',
    ]);
    expect(detailsOf(...shipped, ...backIn, cancelledWhen('shipped'))).toEqual([
      'is cancelled when shipped, but the last event of its payment is PaymentCaptured',
    ]);
  });

  it('a payment that nobody tells of, although the order was accepted', () => {
    const untold = [
      'OrderPlaced',
      'StockReserved',
      'ReservationConfirmed',
      'OrderAccepted',
      cancelledWhen('accepted'),
      ...released,
    ] as const;
    expect(detailsOf(...untold)).toEqual(['is cancelled when accepted, but the last event of its payment is none']);
  });

  it('money that was taken for goods that never left', () => {
    expect(detailsOf(...paid, 'PaymentCaptured')).toEqual(['is paid, but the last event of its payment is PaymentCaptured']);
  });

  it('a shipment under way for an order that was cancelled or rejected', () => {
    expect(detailsOf(...paid, 'PaymentVoided', ...released, cancelledWhen('paid'))).toEqual([
      'is cancelled when paid, but the last event of its shipment is ShipmentScheduled',
    ]);
    expect(detailsOf(...accepted, 'ShipmentScheduled', 'PaymentDeclined', rejectedFor('PAYMENT_DECLINED'), ...released)).toEqual([
      'is rejected for PAYMENT_DECLINED, but the last event of its shipment is ShipmentScheduled',
    ]);
  });

  it('goods that left without a shipment, or came back to no stock', () => {
    expect(detailsOf(...paid, 'StockIssued')).toEqual(['held is 0, but its events say 2', 'out is 2, but its events say 0']);
    const withoutStock = backIn.filter((type: EventType) => type !== 'StockReturned');
    expect(detailsOf(...shipped, ...withoutStock, 'PaymentRefunded', cancelledWhen('shipped'))).toEqual(['out is 2, but its events say 0']);
  });

  it('goods that are held for an order that never asked for them', () => {
    expect(detailsOf(...paid, ['StockReserved', { sku: 'B' }])).toEqual(['no event explains this row']);
  });
});

it('the ledger leaves out an order of which something was set aside, and still finds what its streams may not do', () => {
  const parked = new Set([`payment-${ORDER}`]);
  expect(checkOrderStreams(story('OrderPlaced'), parked)).toEqual([]);
  expect(checkOrderStreams(story('OrderPlaced', rejectedFor('OUT_OF_STOCK'), 'OrderAccepted'), parked)).toHaveLength(1);
});

it('the ledger lists a capture that failed until the money was released', () => {
  expect(failedCaptures(story('PaymentAuthorised', 'PaymentCaptureFailed'))).toEqual([`payment-${ORDER}`]);
  expect(failedCaptures(story('PaymentAuthorised', 'PaymentCaptureFailed', 'PaymentVoided'))).toEqual([]);
});
