// How a stack and its services are started.
import type { Environment } from './environment.ts';
import type { ServerName } from './layout.ts';

export interface StackBehaviour {
  /** The stack goes on when this process ends; otherwise `stack down` regards it as left over then. */
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
  /** The servers to start; all by default. */
  readonly only?: readonly ServerName[];
}

export interface ServiceOptions {
  /** Set beside, or instead of, what the stack gives the service. */
  readonly env?: Environment;
  readonly nodeArguments?: readonly string[];
  readonly signal?: AbortSignal;
}
