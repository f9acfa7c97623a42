// The environment that each process gets: the same variables that a deployment sets.
import { createHmac, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type BrokerCount, brokerNames, type Ports, type ServiceName } from './layout.ts';

const HOST = '127.0.0.1';

export type Environment = Readonly<Record<string, string>>;

/** What the passwords of a stack are derived from; made with its first start. */
export function secretOf(dataDir: string): string {
  const file = path.join(dataDir, 'secret');
  if (!existsSync(file)) {
    mkdirSync(dataDir, { recursive: true });
    writeFileSync(file, randomBytes(24).toString('hex'), { mode: 0o600 });
  }
  return readFileSync(file, 'utf8');
}

export const passwordOf = (secret: string, role: string): string => createHmac('sha256', secret).update(role).digest('hex').slice(0, 32);

export function databaseUrl(ports: Ports, secret: string, role: string, database: string): string {
  return `postgres://${role}:${passwordOf(secret, role)}@${HOST}:${ports.postgres}/${database}`;
}

const databases = {
  'order-service': 'order_service',
  'inventory-service': 'inventory_service',
  'payment-service': 'payment_service',
  'shipping-service': 'shipping_service',
} as const;

const hasDatabase = (name: ServiceName): name is keyof typeof databases => Object.hasOwn(databases, name);

export const serviceUrl = (ports: Ports, name: ServiceName): string => `http://${HOST}:${ports[name]}`;

const serversEnvironment = (ports: Ports, brokers: BrokerCount): Environment => ({
  EVENTSTORE_URL: `esdb://${HOST}:${ports.eventstore}?tls=false`,
  KAFKA_BROKERS: brokerNames
    .slice(0, brokers)
    .map((name) => `${HOST}:${ports[name]}`)
    .join(','),
  SCHEMA_REGISTRY_URL: `http://${HOST}:${ports['schema-registry']}/apis/ccompat/v7`,
});

/** For tools and the deploy step: every server, every database, every service. */
export function stackEnvironment(ports: Ports, secret: string, brokers: BrokerCount = 1): Environment {
  const own = (database: string): string => databaseUrl(ports, secret, database, database);
  return {
    ...serversEnvironment(ports, brokers),
    KAFKA_REPLICATION_FACTOR: String(brokers),
    ADMIN_DATABASE_URL: databaseUrl(ports, secret, 'postgres', 'postgres'),
    ORDER_DATABASE_URL: own('order_service'),
    INVENTORY_DATABASE_URL: own('inventory_service'),
    PAYMENT_DATABASE_URL: own('payment_service'),
    SHIPPING_DATABASE_URL: own('shipping_service'),
    PERSONAL_DATA_WRITER_URL: databaseUrl(ports, secret, 'personal_data_writer', 'personal_data'),
    PERSONAL_DATA_READER_URL: databaseUrl(ports, secret, 'personal_data_reader', 'personal_data'),
    ORDER_SERVICE_URL: serviceUrl(ports, 'order-service'),
    INVENTORY_SERVICE_URL: serviceUrl(ports, 'inventory-service'),
    PAYMENT_SERVICE_URL: serviceUrl(ports, 'payment-service'),
    SHIPPING_SERVICE_URL: serviceUrl(ports, 'shipping-service'),
    RELAY_URL: serviceUrl(ports, 'relay'),
    PAYMENT_PROVIDER_URL: serviceUrl(ports, 'payment-provider'),
  };
}

function ownEnvironment(name: ServiceName, ports: Ports, secret: string, dataDir: string): Environment {
  switch (name) {
    case 'order-service':
      return { PERSONAL_DATA_DATABASE_URL: databaseUrl(ports, secret, 'personal_data_writer', 'personal_data') };
    case 'shipping-service':
      return { PERSONAL_DATA_DATABASE_URL: databaseUrl(ports, secret, 'personal_data_reader', 'personal_data') };
    case 'payment-service':
      return { PAYMENT_PROVIDER_URL: serviceUrl(ports, 'payment-provider') };
    case 'payment-provider':
      return { DATA_DIR: path.join(dataDir, 'payment-provider') };
    case 'inventory-service':
    case 'relay':
      return {};
    default:
      throw new TypeError(`there is no ${String(name satisfies never)}`);
  }
}

/** What one service gets, and no other's passwords. */
export function serviceEnvironment(
  name: ServiceName,
  ports: Ports,
  secret: string,
  dataDir: string,
  brokers: BrokerCount = 1,
): Environment {
  return {
    HOST,
    PORT: String(ports[name]),
    LOG_LEVEL: process.env['LOG_LEVEL'] ?? 'info',
    ...(name === 'payment-provider' ? {} : serversEnvironment(ports, brokers)),
    ...(hasDatabase(name) ? { DATABASE_URL: databaseUrl(ports, secret, databases[name], databases[name]) } : {}),
    ...ownEnvironment(name, ports, secret, dataDir),
  };
}
