import { consumers as ofInventory } from '@orderstream/inventory-service/consumers';
import type { Consumer } from '@orderstream/messaging';
import { consumers as ofOrders } from '@orderstream/order-service/consumers';
import { consumers as ofPayments } from '@orderstream/payment-service/consumers';
import { consumers as ofShipping } from '@orderstream/shipping-service/consumers';

export type Database = 'order_service' | 'inventory_service' | 'payment_service' | 'shipping_service';

/** The consumers of each service, by the database of the service. */
export const consumersByDatabase: Readonly<Record<Database, readonly Consumer[]>> = {
  order_service: ofOrders,
  inventory_service: ofInventory,
  payment_service: ofPayments,
  shipping_service: ofShipping,
};

/** A consumer of the platform, and the database of its service. */
export interface ConsumerGroup extends Consumer {
  readonly database: Database;
}

export const consumerGroups: readonly ConsumerGroup[] = Object.entries(consumersByDatabase).flatMap(([database, consumers]) =>
  consumers.map((consumer) => ({ ...consumer, database: database as Database })),
);
