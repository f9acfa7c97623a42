import { parseArgs } from 'node:util';
import { OptionsError, UsageError } from './options-error.ts';
import type { AccessOptions } from './security/access.ts';
import { PASSWORDS_HELP, SECURITY_ARGS, SECURITY_HELP, defaultPasswordsOf, isDev, isTrue, securityOf } from './security/options.ts';

export interface Options extends AccessOptions {
  readonly port: number;
  /** What gossip tells clients; without it, the address that they used. */
  readonly advertisedPort: number | undefined;
  readonly maxAppendSizeBytes: number;
  readonly maxAppendEventSizeBytes: number;
  /** Whether tests may ask for faults. */
  readonly faults: boolean;
  /** Whether the system projections exist, and run without being told to. */
  readonly projections: 'none' | 'stopped' | 'started';
}

/** As much as the newest real server takes; older ones took 1 MiB unless they were told. */
const LARGEST_APPEND_BYTES = 256 * 1024 * 1024;
/** No event is larger, as no record of the real log is. */
const LARGEST_EVENT_BYTES = 16 * 1024 * 1024;

const LARGEST_PORT = 65_535;

export const HELP = `EventStoreDB's gRPC protocol on one SQLite file: for development and tests.

  --insecure                          no TLS, and every client may do everything
                                      EVENTSTORE_INSECURE${SECURITY_HELP}
  --db DIR                            folder of the data, created when it is missing   (default ./data)
                                      EVENTSTORE_DB
  --node-port N, --port N             port of all clients; 0 takes a free one          (default 2113)
                                      EVENTSTORE_NODE_PORT
  --node-ip ADDRESS, --host ADDRESS   address to listen on                             (default 127.0.0.1)
                                      EVENTSTORE_NODE_IP
  --advertise-host-to-client-as HOST  host that gossip tells clients                   (default: the one they used)
                                      EVENTSTORE_ADVERTISE_HOST_TO_CLIENT_AS
  --advertise-node-port-to-client-as N  port that gossip tells clients                 (default: the one they used)
                                      EVENTSTORE_ADVERTISE_NODE_PORT_TO_CLIENT_AS
  --max-append-size N                 bytes that one append may have                   (default 1048576)
                                      EVENTSTORE_MAX_APPEND_SIZE
  --max-append-event-size N           bytes that one event may have                    (default 16777216)
                                      EVENTSTORE_MAX_APPEND_EVENT_SIZE
  --run-projections MODE              None, System or All: the five system projections (default None)
                                      EVENTSTORE_RUN_PROJECTIONS
  --start-standard-projections        start those that nobody has stopped
                                      EVENTSTORE_START_STANDARD_PROJECTIONS
  --faults                            lets tests ask for faults over HTTP; the real server has no such option
                                      EVENTSTORE_FAULTS
  --help                              this text

${PASSWORDS_HELP}

Plain HTTP on the same port: /health/live, /info, /gossip, /stats; with --faults also
  POST /faults {"fault":"append","nth":1,"when":"before-stored","effect":"fail"}   the n-th append or deletion from now; when: before-stored
                                      or after-stored, effect: fail, delay (with "delayMs") or drop-connections
  POST /faults {"fault":"not-leader","nth":1,"host":"127.0.0.1","port":2113}       the n-th from now is sent elsewhere
  POST /faults {"fault":"drop-connections"} or {"fault":"drop-subscriptions"}      at once
  GET /faults, DELETE /faults         the faults still to come; cancel them
`;

/** @throws OptionsError. `null`: only help is wanted. */
export function parseOptions(args: readonly string[], env: NodeJS.ProcessEnv): Options | null {
  const given = parseGiven(args);
  if (given.help === true) return null;
  const advertisedPort = given['advertise-node-port-to-client-as'] ?? env['EVENTSTORE_ADVERTISE_NODE_PORT_TO_CLIENT_AS'];
  return {
    host: given['node-ip'] ?? given.host ?? env['EVENTSTORE_NODE_IP'] ?? '127.0.0.1',
    port: integer('--node-port (--port)', given['node-port'] ?? given.port ?? env['EVENTSTORE_NODE_PORT'] ?? '2113', 0, LARGEST_PORT),
    advertisedHost: given['advertise-host-to-client-as'] ?? env['EVENTSTORE_ADVERTISE_HOST_TO_CLIENT_AS'],
    advertisedPort:
      advertisedPort === undefined ? undefined : integer('--advertise-node-port-to-client-as', advertisedPort, 1, LARGEST_PORT),
    folder: given.db ?? env['EVENTSTORE_DB'] ?? './data',
    maxAppendSizeBytes: integer(
      '--max-append-size',
      given['max-append-size'] ?? env['EVENTSTORE_MAX_APPEND_SIZE'] ?? '1048576',
      1,
      LARGEST_APPEND_BYTES,
    ),
    maxAppendEventSizeBytes: integer(
      '--max-append-event-size',
      given['max-append-event-size'] ?? env['EVENTSTORE_MAX_APPEND_EVENT_SIZE'] ?? String(LARGEST_EVENT_BYTES),
      1,
      LARGEST_EVENT_BYTES,
    ),
    faults: given.faults ?? isTrue(env['EVENTSTORE_FAULTS']),
    projections: projectionsOf(
      given['run-projections'] ?? env['EVENTSTORE_RUN_PROJECTIONS'] ?? 'None',
      given['start-standard-projections'] ?? isTrue(env['EVENTSTORE_START_STANDARD_PROJECTIONS']),
      isDev(given, env),
    ),
    security: securityOf(given, env),
    defaultPasswords: defaultPasswordsOf(env),
  };
}

function projectionsOf(mode: string, areStarted: boolean, isDevelopment: boolean): Options['projections'] {
  if (!/^(none|system|all)$/i.test(mode)) throw new OptionsError(`--run-projections must be None, System or All, not "${mode}"`);
  if (isDevelopment) return 'started';
  if (/^none$/i.test(mode)) return 'none';
  return areStarted ? 'started' : 'stopped';
}

function parseGiven(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        ...SECURITY_ARGS,
        db: { type: 'string' },
        'node-port': { type: 'string' },
        port: { type: 'string' },
        'node-ip': { type: 'string' },
        host: { type: 'string' },
        'advertise-host-to-client-as': { type: 'string' },
        'advertise-node-port-to-client-as': { type: 'string' },
        'max-append-event-size': { type: 'string' },
        'max-append-size': { type: 'string' },
        faults: { type: 'boolean' },
        'run-projections': { type: 'string' },
        'start-standard-projections': { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

function integer(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isInteger(value) || value < min || value > max) {
    throw new OptionsError(`${name} must be a whole number from ${min} to ${max}, not "${text}"`);
  }
  return value;
}
