import type { EventOf, EventType } from '@orderstream/contracts';

/** The streams that end with their order. */
export type Kind = 'order' | 'reservation' | 'payment' | 'shipment';

/** The last event of a stream; `none` for a stream that does not exist. */
export type LastEvent = EventType | 'none';

/** What the other streams of an order may end with, by where the order stands. */
export interface Agreement {
  readonly reservation: readonly LastEvent[];
  readonly payment: readonly LastEvent[];
  readonly shipment: readonly LastEvent[];
  /** Where the goods are: set aside for the order, gone, or free for anybody. */
  readonly goods: 'held' | 'out' | 'free';
}

/** Nothing may follow these. */
export const terminal: Readonly<Record<Kind, readonly EventType[]>> = {
  order: ['OrderDelivered', 'OrderRejected', 'OrderCancelled'],
  reservation: ['ReservationRejected', 'ReservationReleased', 'ReservationReturned'],
  payment: ['PaymentDeclined', 'PaymentVoided', 'PaymentRefunded'],
  shipment: ['ShipmentDelivered', 'ShipmentCancelled', 'ShipmentReturned'],
};

/** Orders that wait for people, while no service has anything to do. */
export const waiting: Readonly<Record<string, Agreement>> = {
  paid: { reservation: ['ReservationConfirmed'], payment: ['PaymentAuthorised'], shipment: ['ShipmentScheduled'], goods: 'held' },
  shipped: {
    reservation: ['ReservationFulfilled'],
    payment: ['PaymentCaptured', 'PaymentCaptureFailed'],
    shipment: ['ShipmentDispatched', 'ShipmentRecalled'],
    goods: 'out',
  },
};

/** Orders that have ended. */
export const ended: Readonly<Record<string, Agreement>> = {
  delivered: {
    reservation: ['ReservationFulfilled'],
    payment: ['PaymentCaptured', 'PaymentCaptureFailed'],
    shipment: ['ShipmentDelivered'],
    goods: 'out',
  },
  'rejected for OUT_OF_STOCK': { reservation: ['ReservationRejected'], payment: ['none'], shipment: ['none'], goods: 'free' },
  'rejected for PAYMENT_DECLINED': {
    reservation: ['ReservationReleased'],
    payment: ['PaymentDeclined'],
    shipment: ['none'],
    goods: 'free',
  },
  'cancelled when placed': {
    reservation: ['ReservationRejected', 'ReservationReleased'],
    payment: ['none'],
    shipment: ['none'],
    goods: 'free',
  },
  'cancelled when accepted': {
    reservation: ['ReservationReleased'],
    payment: ['PaymentDeclined', 'PaymentVoided'],
    shipment: ['none'],
    goods: 'free',
  },
  'cancelled when paid': {
    reservation: ['ReservationReleased'],
    payment: ['PaymentVoided'],
    shipment: ['ShipmentCancelled'],
    goods: 'free',
  },
  'cancelled when shipped': {
    reservation: ['ReservationReturned'],
    payment: ['PaymentRefunded', 'PaymentVoided'],
    shipment: ['ShipmentReturned'],
    goods: 'free',
  },
};

/** Where an order stands after an event, in the words of the tables; null when the event changes nothing about that. */
export function standingAfter({ type, data }: EventOf<'order'>): string | null {
  switch (type) {
    case 'OrderRejected':
      return `rejected for ${data.reason}`;
    case 'OrderCancelled':
      return `cancelled when ${data.stage}`;
    case 'ShippingAddressChanged':
    case 'OrderCancellationRequested':
      return null;
    default:
      return type.slice('Order'.length).toLowerCase();
  }
}
