export { EventStoreDb } from './event-store-db.ts';
export type { Delivery, SubscriptionOptions } from './subscription.ts';
