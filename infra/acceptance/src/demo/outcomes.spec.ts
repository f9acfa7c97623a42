import { describe, expect, it } from 'vitest';
import { type Outcome, outcomes } from '../shop/outcomes.ts';
import { planOf } from '../shop/plan.ts';
import { ORDER, type Told, story } from '../testing/events.ts';
import { outcomesOf, percentile, surprises } from './outcomes.ts';

const outcomeOf = (...told: readonly Told[]): Outcome | 'open' | undefined => outcomesOf(story(...told)).get(ORDER);

const accepted = ['OrderPlaced', 'OrderAccepted', 'PaymentRequested'] as const;
const paid = [...accepted, 'PaymentAuthorised', 'OrderPaid', 'ShipmentScheduled'] as const;
const shipped = [...paid, 'ShipmentDispatched', 'OrderShipped'] as const;
const cancelled = (reason: string, stage: string): Told => ['OrderCancelled', { reason, stage }];
const declined = (reason: string): Told[] => [
  ['PaymentDeclined', { reason }],
  ['OrderRejected', { reason: 'PAYMENT_DECLINED' }],
];

const told: Readonly<Record<Outcome, readonly Told[]>> = {
  delivered: [...shipped, 'PaymentCaptured', 'ShipmentDelivered', 'OrderDelivered'],
  'out of stock': ['OrderPlaced', ['OrderRejected', { reason: 'OUT_OF_STOCK' }]],
  'payment declined': [...accepted, ...declined('insufficient-funds')],
  'payment given up': [...accepted, ...declined('deadline')],
  'cancelled before payment': [...accepted, cancelled('CUSTOMER', 'accepted'), ['PaymentDeclined', { reason: 'cancelled' }]],
  'cancelled before dispatch': [...paid, 'OrderCancellationRequested', 'ShipmentCancelled', cancelled('CUSTOMER', 'paid')],
  'never dispatched': [...paid, 'ShipmentCancelled', cancelled('DISPATCH_DEADLINE', 'paid')],
  'recalled and returned': [
    ...shipped,
    'OrderCancellationRequested',
    'ShipmentRecalled',
    'ShipmentReturned',
    cancelled('RETURNED', 'shipped'),
  ],
  'recalled too late': [...shipped, 'OrderCancellationRequested', 'ShipmentRecalled', 'ShipmentDelivered', 'OrderDelivered'],
  'returned to sender': [...shipped, 'ShipmentReturned', cancelled('RETURNED', 'shipped')],
  'capture failed': [...shipped, 'ShipmentDelivered', 'OrderDelivered', 'PaymentCaptureFailed'],
};

describe('What the streams of an order say is told apart:', () => {
  it.each(outcomes)('%s', (outcome) => {
    expect(outcomeOf(...told[outcome])).toBe(outcome);
  });

  it('an order is open until its own stream has ended, whatever the others say', () => {
    expect(outcomeOf(...shipped, 'OrderCancellationRequested', 'ShipmentRecalled', 'ShipmentReturned')).toBe('open');
    expect(outcomeOf(...accepted, ['PaymentDeclined', { reason: 'deadline' }])).toBe('open');
  });

  it('a cancellation before payment is one at every stage', () => {
    expect(outcomeOf('OrderPlaced', cancelled('CUSTOMER', 'placed'))).toBe('cancelled before payment');
  });
});

it('an order that did not end as planned is named with both ends', () => {
  const placed = planOf(['delivered'], 1).orders.map((planned) => ({ planned, orderId: ORDER, visibleAfterMs: 1 }));
  expect(surprises(placed, new Map([[ORDER, 'delivered']]))).toEqual([]);
  expect(surprises(placed, new Map([[ORDER, 'never dispatched']]))).toEqual([`order ${ORDER}: planned delivered, is never dispatched`]);
  expect(surprises(placed, new Map())).toEqual([`order ${ORDER}: planned delivered, is unknown`]);
});

it('a percentile is the smallest value that so many do not exceed', () => {
  expect([0, 0.5, 0.99, 1].map((part) => percentile([4, 1, 3, 2], part))).toEqual([1, 2, 4, 4]);
  expect(percentile([], 0.5)).toBe(0);
});
