import type { Topic } from '@orderstream/contracts';

/** A consumer group of the platform, and where it keeps how far it is. */
export interface ConsumerGroup {
  readonly group: string;
  readonly topics: readonly Topic[];
  /** Reactors commit to Kafka; projectors and process tables keep their position in their database. */
  readonly position: 'kafka' | Database;
}

export type Database = 'order_service' | 'inventory_service' | 'payment_service' | 'shipping_service';

export const consumerGroups: readonly ConsumerGroup[] = [
  { group: 'order-fulfilment', topics: ['inventory', 'payments', 'shipments'], position: 'kafka' },
  { group: 'order-summary', topics: ['orders', 'payments', 'shipments'], position: 'order_service' },
  { group: 'order-price-list', topics: ['catalog'], position: 'order_service' },
  { group: 'order-demand', topics: ['orders'], position: 'order_service' },
  { group: 'inventory-reservations', topics: ['orders', 'shipments'], position: 'kafka' },
  { group: 'product', topics: ['catalog'], position: 'inventory_service' },
  { group: 'stock-level', topics: ['inventory'], position: 'inventory_service' },
  { group: 'reservation', topics: ['inventory'], position: 'inventory_service' },
  { group: 'stock-reserved-units', topics: ['inventory'], position: 'inventory_service' },
  { group: 'payment-attempts', topics: ['orders', 'shipments'], position: 'payment_service' },
  { group: 'payment', topics: ['payments'], position: 'payment_service' },
  { group: 'revenue-by-day', topics: ['payments'], position: 'payment_service' },
  { group: 'shipment-scheduling', topics: ['orders'], position: 'kafka' },
  { group: 'shipment-tasks', topics: ['shipments'], position: 'shipping_service' },
  { group: 'shipment', topics: ['shipments'], position: 'shipping_service' },
  { group: 'dispatches-by-day', topics: ['shipments'], position: 'shipping_service' },
];
