// What the stack needs to know of a server to start it.
import type { BrokerCount, PortName, Ports, ServerName } from './layout.ts';

export interface ServerContext {
  /** Absolute. */
  readonly dataDir: string;
  readonly ports: Ports;
  /** What the passwords are derived from. */
  readonly secret: string;
  readonly brokers: BrokerCount;
}

export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly user?: { readonly uid: number; readonly gid: number };
}

export interface Server {
  readonly name: ServerName;
  readonly ports: readonly PortName[];
  /** Makes the data folder when there is none; resolves to how to start. */
  readonly prepare: (context: ServerContext) => Promise<Launch>;
  /** Resolves when the server has just done real work; rejects when it can't yet. */
  readonly probe: (context: ServerContext) => Promise<void>;
  /** What the others need from it, once it is ready. */
  readonly settle?: (context: ServerContext) => Promise<void>;
}

export const HOST = '127.0.0.1';
