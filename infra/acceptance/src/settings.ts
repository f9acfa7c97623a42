import { dataDirFromEnvironment } from '@orderstream/local-stack/layout';
import { noStackRuns, openStack } from '@orderstream/local-stack/stack';
import { eventStoreUrl, hostList, loadConfig, urlOf } from '@orderstream/service/config';
import { loginVariables, serviceNames, services } from '@orderstream/services';
import { z } from 'zod';

const databaseUrl = urlOf('postgres', 'postgresql');
const url = urlOf('http', 'https');

/** Tools only look: for the customers' keys they use the login that reads. */
export const toolLogins = loginVariables.filter((variable) => variable !== 'PERSONAL_DATA_WRITER_URL');
const urlVariables = serviceNames.map((name) => services[name].urlVariable).filter((variable) => variable !== undefined);

const each = <Variable extends string, Shape>(names: readonly Variable[], shape: Shape): Readonly<Record<Variable, Shape>> =>
  Object.fromEntries(names.map((name) => [name, shape])) as Record<Variable, Shape>;

/** Where a running platform is, in the variables that `infra/local` sets. */
const shape = {
  EVENTSTORE_URL: eventStoreUrl,
  KAFKA_BROKERS: hostList,
  SCHEMA_REGISTRY_URL: url,
  ...each(toolLogins, databaseUrl),
  ...each(urlVariables, url),
};
const variables = Object.keys(shape) as Variable[];

type Variable = keyof typeof shape;
type Settings<Named extends Variable> = { readonly [Name in Named]: z.output<(typeof shape)[Name]> };

/** The settings of a running platform, as text. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** All settings that say where a platform is. One that is missing or wrong ends the process with code 78 and its name. */
export const platformSettings = (env: Environment): Settings<Variable> => loadConfig(z.object(shape), env);

/** Some of these settings, for a tool that looks into the running stack, or where its environment says. */
export function toolSettings<Named extends Variable>(...names: readonly Named[]): Settings<Named> {
  const picked = Object.fromEntries(names.map((name) => [name, shape[name]]));
  return loadConfig(z.object(picked), toolEnvironment(names)) as Settings<Named>;
}

/**
 * The settings of the stack in the data folder, overridden by what is set already: so the same tools can look into
 * any other deployment.
 * @throws when no stack runs and not all of these are set.
 */
export function toolEnvironment(names: readonly Variable[] = variables): Environment {
  const dataDir = dataDirFromEnvironment(process.env);
  const stack = openStack(dataDir);
  const isRunning = stack !== undefined && stack.processes().length > 0;
  if (!isRunning && names.some((name) => process.env[name] === undefined)) throw new Error(noStackRuns(dataDir));
  return { ...stack?.env, ...process.env };
}
