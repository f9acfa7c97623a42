import { createKafka, SchemaRegistryCodec } from '@orderstream/kafka';
import { silentLogger } from '@orderstream/messaging';
import { logins } from '@orderstream/services';
import type { Admin, Kafka } from 'kafkajs';
import { Pool } from 'pg';
import type { ServiceDatabase } from './consumers.ts';
import { Observer } from './observer.ts';
import { type Environment, platformSettings, toolLogins } from './settings.ts';
import { must } from './shop/api.ts';
import { type ServiceUrls, serviceUrls } from './shop/service-urls.ts';
import { allSeen, placeOf, seen } from './unseen.ts';

/** A running platform as an outsider with every password sees it. Every method throws Unseen for a system that can't be looked into. */
export interface Platform {
  readonly env: Environment;
  readonly urls: ServiceUrls & { readonly provider: string };
  readonly kafka: Kafka;
  readonly admin: Admin;
  readonly codec: SchemaRegistryCodec;
  readonly observer: Observer;
  query<Row extends object>(database: ServiceDatabase, sql: string, params?: readonly unknown[]): Promise<Row[]>;
  /** What an API says. */
  ask<Body>(system: string, url: string): Promise<Body>;
  /** What Kafka says. */
  askKafka<T>(ask: (admin: Admin) => Promise<T>): Promise<T>;
  /** Where the observer has not read all that there is. */
  unread(): Promise<string[]>;
  close(): Promise<void>;
}

export function setting(env: Environment, name: string): string {
  const value = env[name];
  if (value === undefined) throw new Error(`${name} is not set: is the stack up?`);
  return value;
}

/** @throws Unseen naming every system that can't be looked into. */
export async function connectPlatform(env: Environment): Promise<Platform> {
  const settings = platformSettings(env);
  const kafka = createKafka({ clientId: 'acceptance', brokers: settings.KAFKA_BROKERS, logger: silentLogger });
  const admin = kafka.admin();
  const codec = new SchemaRegistryCodec(settings.SCHEMA_REGISTRY_URL);
  const databases = new Map(
    toolLogins.map((variable) => {
      const { database } = logins[variable];
      const pool = new Pool({ connectionString: settings[variable], max: 2 }).on('error', () => {});
      return [database, { system: `database ${database} at ${placeOf(settings[variable])}`, pool }];
    }),
  );
  const urls = { ...serviceUrls((variable) => settings[variable]), provider: settings.PAYMENT_PROVIDER_URL };
  const atKafka = `Kafka at ${settings.KAFKA_BROKERS.join(',')}`;
  const observer = new Observer(settings.EVENTSTORE_URL, kafka);
  const platform: Platform = {
    env,
    kafka,
    admin,
    codec,
    observer,
    urls,
    async query(database, sql, params = []) {
      const { system, pool } = databases.get(database)!;
      return await seen(system, async () => (await pool.query(sql, [...params])).rows);
    },
    ask: async (system, url) => await seen(`${system} at ${placeOf(url)}`, async () => (await must('GET', url)).body as never),
    askKafka: (ask) => seen(atKafka, () => ask(admin)),
    async unread() {
      const log = await seen(`the event store at ${placeOf(settings.EVENTSTORE_URL)}`, () => observer.unreadLog());
      return [...log, ...(await seen(atKafka, () => observer.unreadTopics(admin)))];
    },
    async close() {
      await observer.stop();
      await admin.disconnect();
      await Promise.all([...databases.values()].map(({ pool }) => pool.end()));
    },
  };
  await allSeen([
    [`the event store at ${placeOf(settings.EVENTSTORE_URL)}`, () => observer.unreadLog()],
    [atKafka, () => admin.connect()],
    [`the schema registry at ${placeOf(settings.SCHEMA_REGISTRY_URL)}`, () => codec.load()],
    ...[...databases.values()].map(({ system, pool }) => [system, () => pool.query('SELECT 1')] as const),
    [`inventory-service at ${placeOf(urls.inventory)}`, () => must('GET', `${urls.inventory}/health/live`)],
    [`payment-provider at ${placeOf(urls.provider)}`, () => must('GET', `${urls.provider}/book?after=0&limit=1`)],
  ]);
  await seen(atKafka, () => observer.follow());
  return platform;
}
