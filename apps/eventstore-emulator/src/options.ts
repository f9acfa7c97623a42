import { parseArgs } from 'node:util';

export interface Options {
  readonly host: string;
  readonly port: number;
  readonly folder: string;
  readonly maxAppendSizeBytes: number;
  /** Whether the system projections can be had, and run without being told to. */
  readonly projections: 'none' | 'stopped' | 'started';
}

/** The settings are missing or wrong; the message names the option. */
export class OptionsError extends Error {
  override readonly name = 'OptionsError';
}

const LARGEST_APPEND_BYTES = 16 * 1024 * 1024;

export const HELP = `EventStoreDB's gRPC protocol on one SQLite file: for development and tests.

  --insecure             EVENTSTORE_INSECURE         no TLS and no authentication; required, there is nothing else yet
  --db DIR               EVENTSTORE_DB               folder of the data, created when it is missing   (default ./data)
  --port N               EVENTSTORE_NODE_PORT        port of all clients; 0 takes a free one          (default 2113)
  --host ADDRESS         EVENTSTORE_NODE_IP          address to listen on                             (default 127.0.0.1)
  --max-append-size N    EVENTSTORE_MAX_APPEND_SIZE  bytes that one append may have                   (default 1048576)
  --run-projections MODE EVENTSTORE_RUN_PROJECTIONS  None, System or All: the five system projections (default None)
  --start-standard-projections
                         EVENTSTORE_START_STANDARD_PROJECTIONS   start those that nobody has stopped
  --help                                             this text
`;

/** @throws OptionsError. `null`: only help is wanted. */
export function parseOptions(args: readonly string[], env: NodeJS.ProcessEnv): Options | null {
  const given = parseGiven(args);
  if (given.help === true) return null;
  const insecure = given.insecure ?? isTrue(env['EVENTSTORE_INSECURE']);
  if (!insecure) throw new OptionsError('TLS and authentication are not there yet: start with --insecure (EVENTSTORE_INSECURE=true)');
  return {
    host: given.host ?? env['EVENTSTORE_NODE_IP'] ?? '127.0.0.1',
    port: integer('--port', given.port ?? env['EVENTSTORE_NODE_PORT'] ?? '2113', 0, 65_535),
    folder: given.db ?? env['EVENTSTORE_DB'] ?? './data',
    maxAppendSizeBytes: integer(
      '--max-append-size',
      given['max-append-size'] ?? env['EVENTSTORE_MAX_APPEND_SIZE'] ?? '1048576',
      1,
      LARGEST_APPEND_BYTES,
    ),
    projections: projectionsOf(
      given['run-projections'] ?? env['EVENTSTORE_RUN_PROJECTIONS'] ?? 'None',
      given['start-standard-projections'] ?? isTrue(env['EVENTSTORE_START_STANDARD_PROJECTIONS']),
    ),
  };
}

function isTrue(text = ''): boolean {
  return /^(1|true)$/i.test(text);
}

function projectionsOf(mode: string, areStarted: boolean): Options['projections'] {
  if (!/^(none|system|all)$/i.test(mode)) throw new OptionsError(`--run-projections must be None, System or All, not "${mode}"`);
  if (/^none$/i.test(mode)) return 'none';
  return areStarted ? 'started' : 'stopped';
}

function parseGiven(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        insecure: { type: 'boolean' },
        db: { type: 'string' },
        port: { type: 'string' },
        host: { type: 'string' },
        'max-append-size': { type: 'string' },
        'run-projections': { type: 'string' },
        'start-standard-projections': { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (cause) {
    throw new OptionsError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

function integer(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isInteger(value) || value < min || value > max) {
    throw new OptionsError(`${name} must be a whole number from ${min} to ${max}, not "${text}"`);
  }
  return value;
}
