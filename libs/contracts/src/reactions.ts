import type { EventType } from './streams.ts';

/** One line of the platform's behaviour: when a service hears of an event, what it asks of which stream. */
export interface Reaction {
  readonly service: 'order-service' | 'inventory-service' | 'payment-service' | 'shipping-service';
  readonly on: EventType;
  readonly command: string;
}

/** Every reaction to an event, of every service. Each reactor's own table is checked against this one. */
export const reactions = [
  { service: 'inventory-service', on: 'OrderPlaced', command: 'ReserveStock' },
  { service: 'order-service', on: 'ReservationConfirmed', command: 'AcceptOrder' },
  { service: 'order-service', on: 'ReservationRejected', command: 'RejectOrder' },
  { service: 'payment-service', on: 'OrderAccepted', command: 'AuthorisePayment' },
  { service: 'order-service', on: 'PaymentAuthorised', command: 'MarkOrderPaid' },
  { service: 'order-service', on: 'PaymentDeclined', command: 'RejectOrder' },
  { service: 'inventory-service', on: 'OrderRejected', command: 'ReleaseStock' },
  { service: 'shipping-service', on: 'OrderPaid', command: 'ScheduleShipment' },
  { service: 'order-service', on: 'ShipmentDispatched', command: 'MarkOrderShipped' },
  { service: 'inventory-service', on: 'ShipmentDispatched', command: 'IssueStock' },
  { service: 'payment-service', on: 'ShipmentDispatched', command: 'CapturePayment' },
  { service: 'order-service', on: 'ShipmentDelivered', command: 'MarkOrderDelivered' },
] as const satisfies readonly Reaction[];
