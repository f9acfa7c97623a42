import type { EventData } from './generated.ts';

/**
 * Every kind of stream: which topic carries its events, and which events it has.
 * A stream is named `{category}-{id}`; its events are declared here and nowhere else.
 */
export const streams = {
  order: {
    topic: 'orders',
    events: [
      'OrderPlaced',
      'OrderAccepted',
      'OrderPaid',
      'OrderShipped',
      'OrderDelivered',
      'OrderRejected',
      'OrderCancellationRequested',
      'OrderCancelled',
      'ShippingAddressChanged',
    ],
  },
  product: {
    topic: 'catalog',
    events: ['ProductListed', 'ProductPriceChanged', 'ProductDelisted'],
  },
  stock: {
    topic: 'inventory',
    events: ['StockReceived', 'StockReserved', 'StockRefused', 'StockReleased', 'StockIssued', 'StockReturned'],
  },
  reservation: {
    topic: 'inventory',
    events: ['ReservationConfirmed', 'ReservationRejected', 'ReservationReleased', 'ReservationFulfilled', 'ReservationReturned'],
  },
  payment: {
    topic: 'payments',
    events: [
      'PaymentRequested',
      'PaymentAuthorised',
      'PaymentDeclined',
      'PaymentCaptured',
      'PaymentCaptureFailed',
      'PaymentVoided',
      'PaymentRefunded',
    ],
  },
  shipment: {
    topic: 'shipments',
    events: ['ShipmentScheduled', 'ShipmentDispatched', 'ShipmentDelivered', 'ShipmentCancelled', 'ShipmentRecalled', 'ShipmentReturned'],
  },
} as const satisfies Record<string, { readonly topic: Topic; readonly events: readonly (keyof EventData)[] }>;

/** Partition counts are part of the contract: changing one would break the order of a key. */
export const topics = {
  orders: { partitions: 6 },
  catalog: { partitions: 3 },
  inventory: { partitions: 6 },
  payments: { partitions: 6 },
  shipments: { partitions: 6 },
} as const;

export type Topic = keyof typeof topics;
export type Category = keyof typeof streams;
export type EventType = keyof EventData;

/** One event with its data, discriminated by `type`. */
export type EventNamed<Type extends EventType> = { [T in Type]: { readonly type: T; readonly data: EventData[T] } }[Type];

/** The events of one kind of stream: `EventOf<'order'>`. */
export type EventOf<Of extends Category> = EventNamed<(typeof streams)[Of]['events'][number]>;

/** Everything that a topic carries: `EventOn<'inventory'>` are those of stock and reservation streams. */
export type EventOn<On extends Topic> = {
  [Of in Category]: (typeof streams)[Of]['topic'] extends On ? EventOf<Of> : never;
}[Category];

/** The category of a stream name; null when no contract knows it. */
export function categoryOf(stream: string): Category | null {
  const category = stream.slice(0, Math.max(stream.indexOf('-'), 0));
  return Object.hasOwn(streams, category) ? (category as Category) : null;
}
