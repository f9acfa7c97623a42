import { readFileSync, statSync } from 'node:fs';
import { secretOf, serviceEnvironment } from '@orderstream/local-stack/environment';
import { type Ports, logFile, portsFromBase } from '@orderstream/local-stack/layout';
import { freePortBase } from '@orderstream/local-stack/ports';
import { type Stack, startStack } from '@orderstream/local-stack/stack';
import { AUTOMATIC, type ServiceSettings, type StackBehaviour } from '@orderstream/local-stack/stack-options';
import { type ServiceName, serviceNames, services, servicesWith } from '@orderstream/services';
import { Pool } from 'pg';
import { setting } from '../platform.ts';
import { stockShop } from '../shop/customers.ts';
import type { PlannedOrder } from '../shop/plan.ts';
import { type ServiceUrls, serviceUrls } from '../shop/service-urls.ts';
import { FaultProxy, readdressed } from './fault-proxy.ts';
import type { Dependency } from './odd-answers.ts';
import { products, steadyOrders } from './steady-orders.ts';

/** A platform of its own whose services reach everything through proxies that can be faults. */
export interface Ground {
  readonly stack: Stack;
  readonly proxies: Readonly<Record<Dependency, FaultProxy>>;
  readonly urls: ServiceUrls;
  readonly orders: Iterator<PlannedOrder, never>;
  /** What is parked now, in all services and the relay. */
  parked(): Promise<number>;
  end(): Promise<void>;
}

export async function startGround(dataDir: string, behaviour: StackBehaviour = {}): Promise<Ground> {
  const portBase = await freePortBase();
  const ports = portsFromBase(portBase);
  const proxies: Record<Dependency, FaultProxy> = {
    eventstore: await FaultProxy.start(ports.eventstore),
    kafka: await FaultProxy.start(ports.kafka, readdressed(ports.kafka)),
    postgres: await FaultProxy.start(ports.postgres),
    'schema-registry': await FaultProxy.start(ports['schema-registry']),
    'personal-data': await FaultProxy.start(ports.postgres),
    'payment-provider': await FaultProxy.start(ports['payment-provider']),
  };
  const stack = await startStack({ ...behaviour, dataDir, portBase, settings: throughProxies(dataDir, ports, proxies) });
  const pools = servicesWith('DATABASE_URL').map((name) =>
    new Pool({ connectionString: setting(stack.env, services[name].variables['DATABASE_URL']!), max: 1 }).on('error', () => {}),
  );
  const end = async (): Promise<void> => {
    await Promise.all(pools.map((pool) => pool.end()));
    await Promise.all(Object.values(proxies).map((proxy) => proxy.end()));
    await stack.stop();
  };
  try {
    await stack.deploy();
    await stack.startServices();
    const urls = serviceUrls((variable) => setting(stack.env, variable));
    await stockShop(urls, products);
    return { stack, proxies, urls, orders: steadyOrders(1), parked: () => parkedNow(stack, pools), end };
  } catch (fault) {
    await end();
    throw fault;
  }
}

/** Each service's settings with the proxies' ports instead of the servers', and an automatic carrier. */
function throughProxies(dataDir: string, ports: Ports, proxies: Readonly<Record<Dependency, FaultProxy>>): ServiceSettings {
  const moved = { ...ports };
  for (const name of ['eventstore', 'kafka', 'postgres', 'schema-registry', 'payment-provider'] as const) moved[name] = proxies[name].port;
  const settingsOf = (name: ServiceName): Record<string, string> => {
    const {
      HOST: _host,
      PORT: _port,
      LOG_LEVEL: _level,
      DATA_DIR: _folder,
      ...urls
    } = serviceEnvironment(name, moved, secretOf(dataDir), dataDir);
    const keys = urls['PERSONAL_DATA_DATABASE_URL'];
    if (keys === undefined) return urls;
    return { ...urls, PERSONAL_DATA_DATABASE_URL: keys.replace(`:${moved.postgres}/`, `:${proxies['personal-data'].port}/`) };
  };
  const settings = Object.fromEntries(serviceNames.map((name) => [name, settingsOf(name)])) as Record<ServiceName, Record<string, string>>;
  return { ...settings, 'shipping-service': { ...settings['shipping-service'], ...AUTOMATIC['shipping-service'] } };
}

async function parkedNow(stack: Stack, pools: readonly Pool[]): Promise<number> {
  const counts = await Promise.all(
    pools.map(async (pool) => {
      const { rows } = await pool.query<{ count: string }>('SELECT count(*) FROM parked_event');
      return Number(rows[0]!.count);
    }),
  );
  const metrics = await (await fetch(`${stack.urls.relay}/metrics`)).text();
  const relay = Number(/^orderstream_relay_parked_total\S* (\d+)/m.exec(metrics)?.[1] ?? 0);
  return counts.reduce((sum, count) => sum + count, relay);
}

/** The lines of a service's log from here on that report trouble. */
export function troubleSince(stack: Stack, name: string): () => string[] {
  const file = logFile(stack.dataDir, name);
  const { size } = statSync(file);
  return () =>
    readFileSync(file)
      .subarray(size)
      .toString()
      .split('\n')
      .filter((line) => /"level":"(warn|error|fatal)"|^\s+at |^\w*Error/.test(line));
}
