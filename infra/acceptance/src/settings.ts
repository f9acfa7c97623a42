import { dataDirFromEnvironment } from '@orderstream/local-stack/layout';
import { noStackRuns, openStack } from '@orderstream/local-stack/stack';
import { eventStoreUrl, hostList, loadConfig, urlOf } from '@orderstream/service/config';
import { z } from 'zod';

const databaseUrl = urlOf('postgres', 'postgresql');
const url = urlOf('http', 'https');

/** Where a running platform is, as `infra/local` says it of its own. */
const shape = {
  EVENTSTORE_URL: eventStoreUrl,
  KAFKA_BROKERS: hostList,
  SCHEMA_REGISTRY_URL: url,
  ORDER_DATABASE_URL: databaseUrl,
  INVENTORY_DATABASE_URL: databaseUrl,
  PAYMENT_DATABASE_URL: databaseUrl,
  SHIPPING_DATABASE_URL: databaseUrl,
  PERSONAL_DATA_READER_URL: databaseUrl,
  ORDER_SERVICE_URL: url,
  INVENTORY_SERVICE_URL: url,
  PAYMENT_SERVICE_URL: url,
  SHIPPING_SERVICE_URL: url,
  PAYMENT_PROVIDER_URL: url,
};
const variables = Object.keys(shape) as Variable[];

type Variable = keyof typeof shape;
type Settings<Named extends Variable> = { readonly [Name in Named]: z.output<(typeof shape)[Name]> };

/** The settings of a running platform, as text. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** All that says where a platform is. One that is missing or wrong ends the process with code 78 and its name. */
export const platformSettings = (env: Environment): Settings<Variable> => loadConfig(z.object(shape), env);

/** The same of some of it, for a tool that looks into the running stack, or wherever its environment says. */
export function toolSettings<Named extends Variable>(...names: readonly Named[]): Settings<Named> {
  const picked = Object.fromEntries(names.map((name) => [name, shape[name]]));
  return loadConfig(z.object(picked), toolEnvironment(names)) as Settings<Named>;
}

/**
 * Of the stack in the data folder, and over it what is set already: so the same tools look into any other deployment.
 * @throws when no stack runs, and not all of these are set.
 */
export function toolEnvironment(names: readonly Variable[] = variables): Environment {
  const dataDir = dataDirFromEnvironment(process.env);
  const stack = openStack(dataDir);
  const isRunning = stack !== undefined && stack.processes().length > 0;
  if (!isRunning && names.some((name) => process.env[name] === undefined)) throw new Error(noStackRuns(dataDir));
  return { ...stack?.env, ...process.env };
}
