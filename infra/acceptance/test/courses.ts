import type { EventOf, EventType } from '@orderstream/contracts';
import type { StoredEvent } from '@orderstream/event-sourcing';
import { expect } from 'vitest';
import { type LastEvent, ended, standingAfter } from '../src/agreement.ts';
import type { Outcome } from '../src/shop/outcomes.ts';

/** What an outcome says beyond the agreement of the streams' ends. */
export interface Course {
  /** The events of the order's own stream, one after the other, without the word "Order". */
  readonly order: RegExp;
  /** How another stream ends, where several ends would agree with the order's. */
  readonly ends?: readonly EventType[];
}

const delivered = /^Placed Accepted Paid Shipped Delivered$/;

export const courses: Readonly<Record<Outcome, Course>> = {
  delivered: { order: delivered, ends: ['PaymentCaptured'] },
  'out of stock': { order: /^Placed Rejected$/ },
  'payment declined': { order: /^Placed Accepted Rejected$/ },
  'payment given up': { order: /^Placed Accepted Rejected$/ },
  'cancelled before payment': { order: /^Placed (Accepted )?Cancelled$/, ends: ['ReservationReleased', 'PaymentDeclined'] },
  'cancelled before dispatch': { order: /^Placed Accepted Paid CancellationRequested Cancelled$/ },
  'never dispatched': { order: /^Placed Accepted Paid Cancelled$/ },
  'recalled and returned': { order: /^Placed Accepted Paid Shipped CancellationRequested Cancelled$/, ends: ['PaymentRefunded'] },
  'recalled too late': { order: /^Placed Accepted Paid Shipped CancellationRequested Delivered$/, ends: ['PaymentCaptured'] },
  'returned to sender': { order: /^Placed Accepted Paid Shipped Cancelled$/, ends: ['PaymentRefunded'] },
  'capture failed': { order: delivered, ends: ['PaymentCaptureFailed'] },
};

/** The events that lead to a stream's end. */
const ways: Partial<Record<LastEvent, string>> = {
  none: '',
  ReservationRejected: 'Rejected',
  ReservationReleased: 'Confirmed Released',
  ReservationFulfilled: 'Confirmed Fulfilled',
  ReservationReturned: 'Confirmed Fulfilled Returned',
  PaymentDeclined: 'Requested Declined',
  PaymentVoided: 'Requested Authorised Voided',
  PaymentCaptured: 'Requested Authorised Captured',
  PaymentCaptureFailed: 'Requested Authorised CaptureFailed',
  PaymentRefunded: 'Requested Authorised Captured Refunded',
  ShipmentCancelled: 'Scheduled Cancelled',
  ShipmentDelivered: 'Scheduled Dispatched Delivered',
  ShipmentReturned: 'Scheduled Dispatched Returned',
};

/** Expects the streams of an order to say just that; the customer may change the address at any time. */
export function expectCourse(events: readonly StoredEvent[], orderId: string, { order, ends = [] }: Course): void {
  const eventsOf = (kind: string) =>
    events.flatMap(({ stream, event }) => (stream === `${kind}-${orderId}` && event.type !== 'ShippingAddressChanged' ? [event] : []));
  const told = (kind: string): string =>
    eventsOf(kind)
      .map(({ type }) => type.slice(kind.length))
      .join(' ');
  expect(told('order'), orderId).toMatch(order);
  const agreed = ended[standingAfter(eventsOf('order').at(-1) as EventOf<'order'>)!]!;
  const isRecalled = told('order').includes('Shipped CancellationRequested');
  for (const kind of ['reservation', 'payment', 'shipment'] as const) {
    const chosen = agreed[kind].find((end) => ends.some((each) => each === end));
    const way = ways[chosen ?? agreed[kind][0]!]!;
    expect(told(kind), `${kind} of ${orderId}`).toBe(isRecalled ? way.replace('Dispatched', 'Dispatched Recalled') : way);
  }
}
