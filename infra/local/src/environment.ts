// The environment that each process gets: the same variables that a deployment sets.
import { createHmac, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { logins, type ServiceName, serviceNames, services } from '@orderstream/services';
import { type BrokerCount, brokerNames, type Ports } from './layout.ts';

const HOST = '127.0.0.1';

export type Environment = Readonly<Record<string, string>>;

/** What the passwords of a stack are derived from; made at its first start. */
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

export const serviceUrl = (ports: Ports, name: ServiceName): string => `http://${HOST}:${ports[name]}`;

/** For tools and the deploy step: every server, every database, every service. */
export function stackEnvironment(ports: Ports, secret: string, brokers: BrokerCount = 1): Environment {
  return {
    EVENTSTORE_URL: `esdb://${HOST}:${ports.eventstore}?tls=false`,
    KAFKA_BROKERS: brokerNames
      .slice(0, brokers)
      .map((name) => `${HOST}:${ports[name]}`)
      .join(','),
    SCHEMA_REGISTRY_URL: `http://${HOST}:${ports['schema-registry']}/apis/ccompat/v7`,
    KAFKA_REPLICATION_FACTOR: String(brokers),
    ADMIN_DATABASE_URL: databaseUrl(ports, secret, 'postgres', 'postgres'),
    ...Object.fromEntries(
      Object.entries(logins).map(([variable, { role, database }]) => [variable, databaseUrl(ports, secret, role, database)]),
    ),
    ...Object.fromEntries(
      serviceNames.flatMap((name) => {
        const { urlVariable } = services[name];
        return urlVariable === undefined ? [] : [[urlVariable, serviceUrl(ports, name)]];
      }),
    ),
  };
}

/** What one service gets, without the other services' passwords. */
export function serviceEnvironment(
  name: ServiceName,
  ports: Ports,
  secret: string,
  dataDir: string,
  brokers: BrokerCount = 1,
): Environment {
  const { variables, keepsFiles } = services[name];
  const all = stackEnvironment(ports, secret, brokers);
  return {
    HOST,
    PORT: String(ports[name]),
    LOG_LEVEL: process.env['LOG_LEVEL'] ?? 'info',
    ...Object.fromEntries(Object.entries(variables).map(([own, variable]) => [own, all[variable]!])),
    ...(keepsFiles ? { DATA_DIR: path.join(dataDir, name) } : {}),
  };
}
