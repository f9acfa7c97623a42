// Which processes there are, where they listen and where their data lies.
import path from 'node:path';
import { type ServiceName, serviceNames, services } from '@orderstream/services';
import { WrongSetting } from './wrong-setting.ts';

export const root = path.resolve(import.meta.dirname, '../../..');

/** In the order in which they can start; the registry keeps its schemas in Postgres. */
export const serverNames = ['postgres', 'eventstore', 'kafka', 'kafka-2', 'kafka-3', 'schema-registry'] as const;
export type ServerName = (typeof serverNames)[number];

export const brokerNames = ['kafka', 'kafka-2', 'kafka-3'] as const;
export type BrokerName = (typeof brokerNames)[number];
/** One, or as many as it takes for records to survive the loss of one. */
export const brokerCounts = [1, 3] as const;
export type BrokerCount = (typeof brokerCounts)[number];

/** The servers of a stack with so many brokers. */
export const serversWith = (brokers: BrokerCount): ServerName[] =>
  serverNames.filter((name) => !brokerNames.slice(brokers).some((spare) => spare === name));

export type ProcessName = ServerName | ServiceName;
export type PortName = ProcessName | 'kafka-controller' | 'kafka-controller-2' | 'kafka-controller-3';
export type Ports = Readonly<Record<PortName, number>>;

export const isServer = (name: string): name is ServerName => serverNames.some((known) => known === name);
export const isService = (name: string): name is ServiceName => serviceNames.some((known) => known === name);
export const isProcess = (name: string): name is ProcessName => isServer(name) || isService(name);

const offsets: Ports = {
  ...(Object.fromEntries(serviceNames.map((name) => [name, services[name].portOffset])) as Record<ServiceName, number>),
  eventstore: 13,
  kafka: 14,
  'kafka-controller': 15,
  'schema-registry': 16,
  postgres: 17,
  'kafka-2': 18,
  'kafka-3': 19,
  'kafka-controller-2': 20,
  'kafka-controller-3': 21,
};
export const portNames = Object.keys(offsets) as PortName[];
export const PORT_SPAN = Math.max(...Object.values(offsets)) + 1;

const DEFAULT_PORT_BASE = 4100;
const HIGHEST_PORT = 65_535;

/** The variable that moves one port. */
export const portVariable = (name: PortName): string => `${name.toUpperCase().replaceAll('-', '_')}_PORT`;

export const portsFromBase = (base: number): Ports => Object.fromEntries(portNames.map((name) => [name, base + offsets[name]])) as Ports;

function portFrom(variable: string, env: NodeJS.ProcessEnv, fallback: number, highest = HIGHEST_PORT): number {
  const text = env[variable];
  if (text === undefined || text === '') return fallback;
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > highest) throw new WrongSetting(`${variable}=${text} must be a port from 1 to ${highest}`);
  return port;
}

/** @throws WrongSetting naming the variable that is not a port, or that names another's port. */
export function portsFromEnvironment(env: NodeJS.ProcessEnv): Ports {
  const fromBase = portsFromBase(portFrom('ORDERSTREAM_PORT_BASE', env, DEFAULT_PORT_BASE, HIGHEST_PORT - PORT_SPAN + 1));
  const ports = Object.fromEntries(portNames.map((name) => [name, portFrom(portVariable(name), env, fromBase[name])])) as Ports;
  for (const [port, names] of Map.groupBy(portNames, (name) => ports[name])) {
    if (names.length > 1) throw new WrongSetting(`Port ${port} is for ${names.join(' and ')}: set ${portVariable(names[1]!)} to another`);
  }
  return ports;
}

export const dataDirFromEnvironment = (env: NodeJS.ProcessEnv): string => path.resolve(root, env['ORDERSTREAM_DATA'] || '.orderstream');

export const logFile = (dataDir: string, name: string): string => path.join(dataDir, 'logs', `${name}.log`);

/** What `--fresh` discards besides Postgres's data; the fetched servers may lie in the same folder, and stay. */
export const dataFolders = ['eventstore', 'kafka', 'logs', ...serviceNames.filter((name) => services[name].keepsFiles)];
