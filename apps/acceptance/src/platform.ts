import { createKafka } from '@orderstream/kafka';
import type { Admin, Kafka } from 'kafkajs';
import { Pool } from 'pg';
import type { Database } from './consumers.ts';
import { Observer } from './observer.ts';
import type { ServiceUrls } from './shop/customers.ts';

const DATABASES = {
  order_service: 'ORDER_DATABASE_URL',
  inventory_service: 'INVENTORY_DATABASE_URL',
  payment_service: 'PAYMENT_DATABASE_URL',
  shipping_service: 'SHIPPING_DATABASE_URL',
} as const satisfies Record<Database, string>;

const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** A running platform as an outsider with every password sees it. */
export interface Platform {
  readonly env: Environment;
  readonly urls: ServiceUrls & { readonly provider: string };
  readonly kafka: Kafka;
  readonly admin: Admin;
  readonly observer: Observer;
  query<Row extends object>(database: Database, sql: string, params?: readonly unknown[]): Promise<Row[]>;
  close(): Promise<void>;
}

/** The settings of a running platform, as `infra/local` gives them. */
export type Environment = Readonly<Record<string, string | undefined>>;

export function setting(env: Environment, name: string): string {
  const value = env[name];
  if (value === undefined) throw new Error(`${name} is not set: is the stack up?`);
  return value;
}

export async function connectPlatform(env: Environment): Promise<Platform> {
  const kafka = createKafka({ clientId: 'acceptance', brokers: setting(env, 'KAFKA_BROKERS').split(','), logger: silent });
  const admin = kafka.admin();
  await admin.connect();
  const pools = new Map(
    Object.entries(DATABASES).map(([database, name]) => [
      database,
      new Pool({ connectionString: setting(env, name), max: 2 }).on('error', () => {}),
    ]),
  );
  const observer = await Observer.start(setting(env, 'EVENTSTORE_URL'), kafka);
  return {
    env,
    kafka,
    admin,
    observer,
    urls: {
      order: setting(env, 'ORDER_SERVICE_URL'),
      inventory: setting(env, 'INVENTORY_SERVICE_URL'),
      payment: setting(env, 'PAYMENT_SERVICE_URL'),
      shipping: setting(env, 'SHIPPING_SERVICE_URL'),
      provider: setting(env, 'PAYMENT_PROVIDER_URL'),
    },
    async query(database, sql, params = []) {
      return (await pools.get(database)!.query(sql, [...params])).rows;
    },
    async close() {
      await observer.stop();
      await admin.disconnect();
      await Promise.all([...pools.values()].map((pool) => pool.end()));
    },
  };
}
