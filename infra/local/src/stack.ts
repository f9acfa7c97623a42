// The stack as a library: servers and services of one data folder, started, stopped and killed by name.
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { type ServiceName, serviceNames } from '@orderstream/services';
import { endInOrder } from './end-in-order.ts';
import { secretOf, serviceEnvironment, serviceUrl, stackEnvironment, type Environment } from './environment.ts';
import { eventstore } from './eventstore.ts';
import { kafkaBroker } from './kafka.ts';
import {
  dataFolders,
  isServer,
  portsFromBase,
  portsFromEnvironment,
  root,
  serversWith,
  type PortName,
  type Ports,
  type ProcessName,
  type ServerName,
} from './layout.ts';
import { assertPortsFree } from './ports.ts';
import { discardDataFolder } from './postgres-user.ts';
import { postgres } from './postgres.ts';
import { isOrphaned, killProcess, ownersOfThisProcess, stackProcesses, type StackProcess } from './processes.ts';
import { secondsSince, withProgress } from './progress.ts';
import { schemaRegistry } from './schema-registry.ts';
import type { Server, ServerContext } from './server.ts';
import type { ServiceStartOptions, ServiceSettings, StackBehaviour, StackOptions } from './stack-options.ts';
import { brokersOf, readState, STATE_FILE, writeState, type StackState } from './stack-state.ts';
import { startAll } from './start-all.ts';
import { runToEnd, startAndWait, until } from './starting.ts';

const START_TIMEOUT_MS = 180_000;
const HTTP_TIMEOUT_MS = 2_000;
// kafkajs 2.2 computes a negative delay, which Node.js warns about on every start.
const NODE_ARGUMENTS = ['--enable-source-maps', '--disable-warning=TimeoutNegativeWarning'];

const servicePath = (name: ServiceName): string => path.join(root, 'apps', name, 'dist/main.js');

const servers: Readonly<Record<ServerName, Server>> = {
  postgres,
  eventstore,
  kafka: kafkaBroker('kafka'),
  'kafka-2': kafkaBroker('kafka-2'),
  'kafka-3': kafkaBroker('kafka-3'),
  'schema-registry': schemaRegistry,
};

export interface ProcessStatus {
  readonly name: ProcessName;
  readonly port: number;
  readonly pid: number | undefined;
}

const ignore = (): void => {};
const never = new AbortController().signal;

async function assertAnswers(url: string): Promise<void> {
  const response = await fetch(url, { signal: AbortSignal.timeout(HTTP_TIMEOUT_MS) });
  const body = await response.text();
  if (!response.ok) throw new Error(`${url} answers ${response.status} ${body.slice(0, 300)}`);
}

export class Stack {
  readonly dataDir: string;
  readonly ports: Ports;
  /** For tools and the deploy step: every server, database and service by its variable. */
  readonly env: Environment;
  /** Where each service answers. */
  readonly urls: Readonly<Record<ServiceName, string>>;
  readonly #context: ServerContext;
  readonly #owners: readonly string[];
  readonly #say: (line: string) => void;
  readonly #signal: AbortSignal;
  #settings: ServiceSettings;

  constructor(
    dataDir: string,
    { ports, settings, brokers }: StackState,
    { detached = false, onProgress = ignore, signal = never }: StackBehaviour,
  ) {
    this.dataDir = dataDir;
    this.ports = ports;
    this.#settings = settings;
    const secret = secretOf(dataDir);
    this.env = stackEnvironment(ports, secret, brokers);
    this.urls = Object.fromEntries(serviceNames.map((name) => [name, serviceUrl(ports, name)])) as Record<ServiceName, string>;
    this.#context = { dataDir, ports, secret, brokers };
    this.#owners = detached ? [] : ownersOfThisProcess();
    this.#say = onProgress;
    this.#signal = signal;
  }

  /** Its processes that run now. */
  processes(): StackProcess[] {
    return stackProcesses().filter(({ stack }) => stack === this.dataDir);
  }

  #runs(name: ProcessName): boolean {
    return this.processes().some((each) => each.name === name);
  }

  /** Starts one server and waits until it does real work. One that runs already is left alone. */
  async startServer(name: ServerName, signal: AbortSignal = this.#signal): Promise<void> {
    if (this.#runs(name)) return;
    const server = servers[name];
    await assertPortsFree(server.ports, this.ports);
    const startedAt = performance.now();
    const launch = await server.prepare(this.#context);
    await withProgress(this.#say, name, async () => {
      await startAndWait(
        { name, dataDir: this.dataDir, owners: this.#owners, env: {}, ...launch },
        { probe: () => server.probe(this.#context), timeoutMs: START_TIMEOUT_MS, signal },
      );
      await server.settle?.(this.#context);
    });
    this.#say(`${name} ready on port ${this.ports[name]} after ${secondsSince(startedAt)}`);
  }

  /** Starts the servers, side by side as far as they don't need each other. */
  async startServers(names: readonly ServerName[] = serversWith(this.#context.brokers)): Promise<void> {
    await this.assertPortsFree(names);
    this.#say(`starting ${names.join(', ')}`);
    // The registry's database comes with Postgres, which must therefore be there first.
    const chains = names.includes('postgres')
      ? names
          .filter((name) => name !== 'schema-registry')
          .map((name) => (name === 'postgres' ? [name, ...names.filter((next) => next === 'schema-registry')] : [name]))
      : names.map((name) => [name]);
    await startAll(chains, this.#signal, async (chain, signal) => {
      for (const name of chain) await this.startServer(name, signal);
    });
  }

  /** Of those that don't run yet. @throws PortTaken */
  async assertPortsFree(names: readonly ProcessName[]): Promise<void> {
    const running = this.processes();
    const absent = names.filter((name) => running.every((each) => each.name !== name));
    await assertPortsFree(
      absent.flatMap((name): readonly PortName[] => (isServer(name) ? servers[name].ports : [name])),
      this.ports,
    );
  }

  /** Topics, schemas, databases and roles: what a deployment does once. */
  async deploy(): Promise<void> {
    const startedAt = performance.now();
    const args = [...NODE_ARGUMENTS, path.join(root, 'infra/deploy/dist/main.js')];
    const { dataDir, env } = this;
    const spawning = { name: 'deploy', dataDir, owners: this.#owners, command: process.execPath, args, env };
    await withProgress(this.#say, 'the deploy step', () => runToEnd(spawning, this.#signal));
    this.#say(`deployed topics, schemas, databases and roles in ${secondsSince(startedAt)}`);
  }

  /** Starts one service and waits until it is alive, even if something that it needs is missing. One that runs is left alone. */
  async startService(name: ServiceName, { env = {}, nodeArguments = [], signal = this.#signal }: ServiceStartOptions = {}): Promise<void> {
    if (this.#runs(name)) return;
    await assertPortsFree([name], this.ports);
    await startAndWait(
      {
        name,
        dataDir: this.dataDir,
        owners: this.#owners,
        command: process.execPath,
        args: [...NODE_ARGUMENTS, ...nodeArguments, servicePath(name)],
        env: { ...this.environmentOf(name), ...env },
      },
      { probe: () => assertAnswers(`${this.urls[name]}/health/live`), timeoutMs: START_TIMEOUT_MS, signal },
    );
  }

  /** Starts the services and waits until each has everything it needs. */
  async startServices(names: readonly ServiceName[] = serviceNames): Promise<void> {
    await this.assertPortsFree(names);
    await startAll(names, this.#signal, async (name, signal) => {
      const startedAt = performance.now();
      await withProgress(this.#say, name, async () => {
        await this.startService(name, { signal });
        await this.untilReady(name, { signal });
      });
      this.#say(`${name} ready on port ${this.ports[name]} after ${secondsSince(startedAt)}`);
    });
  }

  /** Waits until a service answers that it has everything it needs; rejects with its last answer. */
  async untilReady(name: ServiceName, { timeoutMs = START_TIMEOUT_MS, signal = this.#signal } = {}): Promise<void> {
    await until(
      () => assertAnswers(`${this.urls[name]}/health/ready`),
      timeoutMs,
      () => (signal.aborted ? (signal.reason as Error) : undefined),
    );
  }

  environmentOf(name: ServiceName): Environment {
    return { ...serviceEnvironment(name, this.ports, this.#context.secret, this.dataDir, this.#context.brokers), ...this.#settings[name] };
  }

  /** Adds these settings to a service's, from now on and whoever starts it. One that runs is restarted. */
  async configure(name: ServiceName, env: Environment): Promise<void> {
    const known = this.#settings[name];
    if (Object.entries(env).every(([variable, value]) => known?.[variable] === value)) return;
    this.#settings = { ...this.#settings, [name]: { ...known, ...env } };
    writeState(this.dataDir, { ports: this.ports, settings: this.#settings, brokers: this.#context.brokers });
    if (!this.#runs(name)) return;
    this.#say(
      `starting ${name} again with ${Object.entries(env)
        .map((setting) => setting.join('='))
        .join(', ')}`,
    );
    await this.restart(name);
    await this.untilReady(name);
  }

  /** Ends one process in order, or all: services, then what they use, Postgres last. */
  async stop(name?: ProcessName): Promise<void> {
    await endInOrder(this.processes().filter((each) => name === undefined || each.name === name));
  }

  async restart(name: ProcessName): Promise<void> {
    await this.stop(name);
    await (isServer(name) ? this.startServer(name) : this.startService(name));
  }

  /** SIGKILL ends one process at once, and waits for its end; SIGSTOP freezes it with its children until SIGCONT. */
  async kill(name: ProcessName, signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT' = 'SIGKILL'): Promise<void> {
    const found = this.processes().find((each) => each.name === name);
    if (found === undefined) throw new Error(`${name} doesn't run`);
    await killProcess(found.pid, signal);
  }

  status(): ProcessStatus[] {
    const running = this.processes();
    return [...serversWith(this.#context.brokers), ...serviceNames].map((name) => ({
      name,
      port: this.ports[name],
      pid: running.find((each) => each.name === name)?.pid,
    }));
  }
}

/** Deletes the data of a stack that is not running. */
export function discardData(dataDir: string): void {
  discardDataFolder(dataDir);
  for (const name of [...dataFolders, STATE_FILE, 'secret']) rmSync(path.join(dataDir, name), { recursive: true, force: true });
}

const wantedPorts = (base: number | undefined): Ports => (base === undefined ? portsFromEnvironment(process.env) : portsFromBase(base));

/**
 * Starts servers (no services) and resolves when all do real work. Those that run already are left alone.
 * Throws PortTaken or StartFailed; what it had started is stopped then.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { fresh = false, forServices = [], onProgress = ignore } = options;
  const dataDir = path.resolve(options.dataDir);
  const processes = stackProcesses().filter(({ stack }) => stack === dataDir);
  const left = fresh ? processes : processes.filter(isOrphaned);
  if (left.length > 0) {
    onProgress('stopping what an earlier start left');
    await endInOrder(left);
  }
  if (fresh) discardData(dataDir);
  const running = processes.length > left.length;
  const brokers = brokersOf(dataDir, options.brokers);
  const state = (running ? readState(dataDir) : undefined) ?? {
    ports: wantedPorts(options.portBase),
    settings: options.settings ?? {},
    brokers,
  };
  mkdirSync(dataDir, { recursive: true });
  const stack = new Stack(dataDir, state, options);
  writeState(dataDir, state);
  try {
    const only = options.only ?? serversWith(brokers);
    await stack.assertPortsFree([...only, ...forServices]);
    await stack.startServers(only);
  } catch (error) {
    if (!running) await stack.stop();
    throw error;
  }
  return stack;
}

/** The stack of a data folder as it is, running or not; undefined when none was ever started there. */
export function openStack(dataDir: string, behaviour: StackBehaviour = {}): Stack | undefined {
  const folder = path.resolve(dataDir);
  const state = readState(folder);
  return state === undefined ? undefined : new Stack(folder, state, behaviour);
}

export const noStackRuns = (dataDir: string): string =>
  `No stack runs in ${dataDir}. Start one: npm run stack -- up (or npm run demo), or name another with ORDERSTREAM_DATA.`;
