import { consumers as ofInventory } from '@orderstream/inventory-service/consumers';
import type { Consumer } from '@orderstream/messaging';
import { consumers as ofOrders } from '@orderstream/order-service/consumers';
import { consumers as ofPayments } from '@orderstream/payment-service/consumers';
import { type DatabaseName, logins, type LoginVariable, type ServiceName, services, servicesWith } from '@orderstream/services';
import { consumers as ofShipping } from '@orderstream/shipping-service/consumers';

export type ServiceDatabase = Exclude<DatabaseName, 'personal_data'>;

const consumersOf: Readonly<Record<ServiceDatabase, readonly Consumer[]>> = {
  order_service: ofOrders,
  inventory_service: ofInventory,
  payment_service: ofPayments,
  shipping_service: ofShipping,
};

/** A consumer of the platform, and the service that it belongs to. */
export interface ConsumerGroup {
  readonly service: ServiceName;
  readonly database: ServiceDatabase;
  readonly consumer: Consumer;
}

export const consumerGroups: readonly ConsumerGroup[] = servicesWith('DATABASE_URL').flatMap((service) => {
  const database = logins[services[service].variables['DATABASE_URL'] as LoginVariable].database as ServiceDatabase;
  return consumersOf[database].map((consumer) => ({ service, database, consumer }));
});
