// How a stack and its services are started.
import { type ServiceName, serviceNames, services } from '@orderstream/services';
import type { Environment } from './environment.ts';
import type { BrokerCount, ServerName } from './layout.ts';

/** What services get in addition to, or instead of, what the stack gives each of them. */
export type ServiceSettings = Readonly<Partial<Record<ServiceName, Environment>>>;

/** With these an order needs nobody: shipments leave and arrive by themselves. */
export const AUTOMATIC: ServiceSettings = Object.fromEntries(
  serviceNames.flatMap((name) => (services[name].automatic === undefined ? [] : [[name, services[name].automatic]])),
);

export interface StackBehaviour {
  /** The stack goes on when this process ends; otherwise `stack down` then ends it as left over. */
  readonly detached?: boolean;
  readonly onProgress?: (line: string) => void;
  /** Gives up what is being started; nothing of that is left then. */
  readonly signal?: AbortSignal;
}

export interface StackOptions extends StackBehaviour {
  readonly dataDir: string;
  /** The first of the ports; default: what the environment says (ORDERSTREAM_PORT_BASE and a variable for each). */
  readonly portBase?: number;
  /** Discards what an earlier start left in the data folder. */
  readonly fresh?: boolean;
  /** How many brokers Kafka has, for as long as the data is kept; default: as many as the data has, or one. */
  readonly brokers?: BrokerCount;
  /** The servers to start; all by default. */
  readonly only?: readonly ServerName[];
  /** Services that will be started on them: if one of their ports is taken, this is reported before anything starts. */
  readonly forServices?: readonly ServiceName[];
  /** Kept with the stack, so that a service gets the same settings whoever restarts it. A running stack keeps its own. */
  readonly settings?: ServiceSettings;
}

export interface ServiceStartOptions {
  /** In addition to, or instead of, what the stack gives the service. */
  readonly env?: Environment;
  readonly nodeArguments?: readonly string[];
  readonly signal?: AbortSignal;
}
