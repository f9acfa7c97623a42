import type { UrlVariable } from '@orderstream/services';

const variables = {
  order: 'ORDER_SERVICE_URL',
  inventory: 'INVENTORY_SERVICE_URL',
  payment: 'PAYMENT_SERVICE_URL',
  shipping: 'SHIPPING_SERVICE_URL',
} as const satisfies Readonly<Record<string, UrlVariable>>;

/** Where the services' APIs are. */
export type ServiceUrls = Readonly<Record<keyof typeof variables, string>>;

export const serviceUrls = (urlOf: (variable: UrlVariable) => string): ServiceUrls =>
  Object.fromEntries(Object.entries(variables).map(([name, variable]) => [name, urlOf(variable)])) as ServiceUrls;
