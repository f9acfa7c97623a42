// Every process of ours and every login to its databases, described once. Node.js runs this file as it is,
// so that commands that need no build can read it; only its types are built.

/** A role of Postgres that logs in. */
export interface Login {
  readonly role: string;
  readonly database: string;
  /** What it may do with every table of its database. */
  readonly may: 'write' | 'read';
}

/** By the variable in which the deploy step and the tools find its URL. */
export const logins = {
  ORDER_DATABASE_URL: { role: 'order_service', database: 'order_service', may: 'write' },
  INVENTORY_DATABASE_URL: { role: 'inventory_service', database: 'inventory_service', may: 'write' },
  PAYMENT_DATABASE_URL: { role: 'payment_service', database: 'payment_service', may: 'write' },
  SHIPPING_DATABASE_URL: { role: 'shipping_service', database: 'shipping_service', may: 'write' },
  PERSONAL_DATA_WRITER_URL: { role: 'personal_data_writer', database: 'personal_data', may: 'write' },
  PERSONAL_DATA_READER_URL: { role: 'personal_data_reader', database: 'personal_data', may: 'read' },
} as const satisfies Readonly<Record<string, Login>>;

export type LoginVariable = keyof typeof logins;
export type DatabaseName = (typeof logins)[LoginVariable]['database'];
export const loginVariables = Object.keys(logins) as LoginVariable[];

const servers = { EVENTSTORE_URL: 'EVENTSTORE_URL', KAFKA_BROKERS: 'KAFKA_BROKERS', SCHEMA_REGISTRY_URL: 'SCHEMA_REGISTRY_URL' } as const;

const described = {
  'order-service': {
    portOffset: 0,
    urlVariable: 'ORDER_SERVICE_URL',
    variables: { ...servers, DATABASE_URL: 'ORDER_DATABASE_URL', PERSONAL_DATA_DATABASE_URL: 'PERSONAL_DATA_WRITER_URL' },
  },
  'inventory-service': {
    portOffset: 1,
    urlVariable: 'INVENTORY_SERVICE_URL',
    variables: { ...servers, DATABASE_URL: 'INVENTORY_DATABASE_URL' },
  },
  'payment-service': {
    portOffset: 2,
    urlVariable: 'PAYMENT_SERVICE_URL',
    variables: { ...servers, DATABASE_URL: 'PAYMENT_DATABASE_URL', PAYMENT_PROVIDER_URL: 'PAYMENT_PROVIDER_URL' },
  },
  'shipping-service': {
    portOffset: 3,
    urlVariable: 'SHIPPING_SERVICE_URL',
    variables: { ...servers, DATABASE_URL: 'SHIPPING_DATABASE_URL', PERSONAL_DATA_DATABASE_URL: 'PERSONAL_DATA_READER_URL' },
    automatic: { AUTOMATIC_CARRIER_MS: '2000' },
  },
  relay: { portOffset: 4, variables: servers },
  'payment-provider': { portOffset: 5, urlVariable: 'PAYMENT_PROVIDER_URL', variables: {}, keepsFiles: true },
} as const;

/** Also its folder below `apps/`, its image and its host. */
export type ServiceName = keyof typeof described;
export type UrlVariable = Extract<(typeof described)[ServiceName], { readonly urlVariable: string }>['urlVariable'];

export interface Service {
  /** Added to the first port of a stack. */
  readonly portOffset: number;
  /** The variable in which tools, and services that call it, find its API; undefined when it has none. */
  readonly urlVariable?: UrlVariable;
  /** Its environment: by each variable's name, the platform's variable whose value it gets. */
  readonly variables: Readonly<Record<string, keyof typeof servers | LoginVariable | UrlVariable>>;
  /** Below `DATA_DIR`. */
  readonly keepsFiles?: boolean;
  /** The settings with which its part of the work needs nobody. */
  readonly automatic?: Readonly<Record<string, string>>;
}

export const services: Readonly<Record<ServiceName, Service>> = described;
export const serviceNames = Object.keys(services) as ServiceName[];

/** The database of a service that has one. */
export const databaseOf = (service: ServiceName): DatabaseName =>
  logins[services[service].variables['DATABASE_URL'] as LoginVariable].database;

/** The services that get a variable of this name, such as those with a `DATABASE_URL`. */
export const servicesWith = (variable: string): ServiceName[] =>
  serviceNames.filter((name) => Object.hasOwn(services[name].variables, variable));
