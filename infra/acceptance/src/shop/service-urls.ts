import { type ServiceName, services, servicesWith, type UrlVariable } from '@orderstream/services';

/** `order` of `order-service`. */
type ShortName<Of extends ServiceName> = Of extends `${infer Short}-service` ? Short : never;

/** Where the services' APIs are. */
export type ServiceUrls = Readonly<Record<ShortName<ServiceName>, string>>;

export const serviceUrls = (urlOf: (variable: UrlVariable) => string): ServiceUrls =>
  Object.fromEntries(
    servicesWith('DATABASE_URL').map((name) => [name.replace('-service', ''), urlOf(services[name].urlVariable!)]),
  ) as ServiceUrls;
