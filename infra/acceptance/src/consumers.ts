import type { Consumer } from '@orderstream/messaging';
import { type DatabaseName, databaseOf, type ServiceName, servicesWith } from '@orderstream/services';

export type ServiceDatabase = Exclude<DatabaseName, 'personal_data'>;

/** A consumer of the platform, and the service that it belongs to. */
export interface ConsumerGroup {
  readonly service: ServiceName;
  readonly database: ServiceDatabase;
  readonly consumer: Consumer;
}

/** What each service's package says that it consumes. */
export const consumerGroups: readonly ConsumerGroup[] = (await Promise.all(servicesWith('DATABASE_URL').map(groupsOf))).flat();

async function groupsOf(service: ServiceName): Promise<ConsumerGroup[]> {
  const { consumers } = (await import(`@orderstream/${service}/consumers`)) as { readonly consumers: readonly Consumer[] };
  return consumers.map((consumer) => ({ service, database: databaseOf(service) as ServiceDatabase, consumer }));
}
