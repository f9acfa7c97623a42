import type { StoredEvent } from '@orderstream/event-sourcing';
import { expect } from 'vitest';
import type { Outcome } from '../src/shop/outcomes.ts';

const streams = ['order', 'reservation', 'payment', 'shipment'] as const;

/** The events of an order's streams, one after the other, without what kind of stream each is of. */
export type Course = Readonly<Record<(typeof streams)[number], RegExp>>;

const untold = /^$/;
const none = { payment: untold, shipment: untold };
const released = /^Confirmed Released$/;
const fulfilled = /^Confirmed Fulfilled$/;
const returned = /^Confirmed Fulfilled Returned$/;
const declined = /^Requested Declined$/;
const captured = /^Requested Authorised Captured$/;
const delivered = /^Placed Accepted Paid Shipped Delivered$/;

/** What each outcome amounts to, stream by stream. */
export const courses: Readonly<Record<Outcome, Course>> = {
  delivered: { order: delivered, reservation: fulfilled, payment: captured, shipment: /^Scheduled Dispatched Delivered$/ },
  'out of stock': { ...none, order: /^Placed Rejected$/, reservation: /^Rejected$/ },
  'payment declined': { ...none, order: /^Placed Accepted Rejected$/, reservation: released, payment: declined },
  'payment given up': { ...none, order: /^Placed Accepted Rejected$/, reservation: released, payment: declined },
  'cancelled before payment': {
    order: /^Placed (Accepted )?Cancelled$/,
    reservation: released,
    payment: /^(Requested Declined)?$/,
    shipment: untold,
  },
  'cancelled before dispatch': {
    order: /^Placed Accepted Paid CancellationRequested Cancelled$/,
    reservation: released,
    payment: /^Requested Authorised Voided$/,
    shipment: /^Scheduled Cancelled$/,
  },
  'never dispatched': {
    order: /^Placed Accepted Paid Cancelled$/,
    reservation: released,
    payment: /^Requested Authorised Voided$/,
    shipment: /^Scheduled Cancelled$/,
  },
  'recalled and returned': {
    order: /^Placed Accepted Paid Shipped CancellationRequested Cancelled$/,
    reservation: returned,
    payment: /^Requested Authorised Captured Refunded$/,
    shipment: /^Scheduled Dispatched Recalled Returned$/,
  },
  'recalled too late': {
    order: /^Placed Accepted Paid Shipped CancellationRequested Delivered$/,
    reservation: fulfilled,
    payment: captured,
    shipment: /^Scheduled Dispatched Recalled Delivered$/,
  },
  'returned to sender': {
    order: /^Placed Accepted Paid Shipped Cancelled$/,
    reservation: returned,
    payment: /^Requested Authorised Captured Refunded$/,
    shipment: /^Scheduled Dispatched Returned$/,
  },
  'capture failed': {
    order: delivered,
    reservation: fulfilled,
    payment: /^Requested Authorised CaptureFailed$/,
    shipment: /^Scheduled Dispatched Delivered$/,
  },
};

/** Demands that the streams of an order say just that; when its address changed is left to the customer. */
export function expectCourse(facts: readonly StoredEvent[], orderId: string, course: Course): void {
  const told = streams.map((stream) => {
    const types = facts.filter((fact) => fact.stream === `${stream}-${orderId}`).map(({ event }) => event.type);
    return [
      stream,
      types
        .filter((type) => type !== 'ShippingAddressChanged')
        .map((type) => type.slice(stream.length))
        .join(' '),
    ] as const;
  });
  const expected = streams.map((stream) => [stream, expect.stringMatching(course[stream])] as const);
  expect({ orderId, ...Object.fromEntries(told) }).toEqual({ orderId, ...Object.fromEntries(expected) });
}
