import type { Category, EventType } from './streams.ts';

/** One line of the platform's behaviour: which command a service makes of an event, and which kind of stream gets it. */
export interface Reaction {
  readonly service: 'order-service' | 'inventory-service' | 'payment-service' | 'shipping-service';
  readonly on: EventType;
  /** Only for some of these events: those of orders at these stages. */
  readonly stages?: readonly string[];
  readonly command: string;
  /** The stream that answers. */
  readonly of: Category;
}

/** Every reaction to an event, of every service. Each reactor's own table is checked against this one. */
export const reactions = [
  { service: 'inventory-service', on: 'OrderPlaced', command: 'ReserveStock', of: 'stock' },
  { service: 'order-service', on: 'ReservationConfirmed', command: 'AcceptOrder', of: 'order' },
  { service: 'order-service', on: 'ReservationRejected', command: 'RejectOrder', of: 'order' },
  { service: 'payment-service', on: 'OrderAccepted', command: 'AuthorisePayment', of: 'payment' },
  { service: 'order-service', on: 'PaymentAuthorised', command: 'MarkOrderPaid', of: 'order' },
  { service: 'order-service', on: 'PaymentDeclined', command: 'RejectOrder', of: 'order' },
  { service: 'inventory-service', on: 'OrderRejected', command: 'ReleaseStock', of: 'stock' },
  { service: 'inventory-service', on: 'OrderCancelled', stages: ['placed', 'accepted'], command: 'ReleaseStock', of: 'stock' },
  { service: 'payment-service', on: 'OrderCancelled', stages: ['accepted'], command: 'VoidPayment', of: 'payment' },
  { service: 'shipping-service', on: 'OrderPaid', command: 'ScheduleShipment', of: 'shipment' },
  { service: 'shipping-service', on: 'OrderCancellationRequested', command: 'CancelShipment', of: 'shipment' },
  { service: 'order-service', on: 'ShipmentCancelled', command: 'MarkOrderCancelled', of: 'order' },
  { service: 'inventory-service', on: 'ShipmentCancelled', command: 'ReleaseStock', of: 'stock' },
  { service: 'payment-service', on: 'ShipmentCancelled', command: 'VoidPayment', of: 'payment' },
  { service: 'order-service', on: 'ShipmentDispatched', command: 'MarkOrderShipped', of: 'order' },
  { service: 'inventory-service', on: 'ShipmentDispatched', command: 'IssueStock', of: 'stock' },
  { service: 'payment-service', on: 'ShipmentDispatched', command: 'CapturePayment', of: 'payment' },
  { service: 'order-service', on: 'ShipmentDelivered', command: 'MarkOrderDelivered', of: 'order' },
  { service: 'order-service', on: 'ShipmentReturned', command: 'MarkOrderCancelled', of: 'order' },
  { service: 'inventory-service', on: 'ShipmentReturned', command: 'ReturnStock', of: 'stock' },
  { service: 'payment-service', on: 'ShipmentReturned', command: 'RefundPayment', of: 'payment' },
] as const satisfies readonly Reaction[];
