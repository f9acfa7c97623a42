import { parseArgs } from 'node:util';
import { Kills } from './kills/kills.ts';
import { tortureByModel } from './model/model.ts';
import { traceSystemCalls } from './syscalls/syscalls.ts';
import type { Rack, Verdict } from './torture.ts';
import { WireFuzz } from './wire/wire-fuzz.ts';

export const HELP = `npm run torture -- NAME [options]

Runs the emulator from its sources under conditions that no test of a few seconds meets. The last line is the
verdict; the exit code is 1 when something is violated, and then the data stay and are named.

  kills     kills it with -9 again and again under load, and compares what it acknowledged with what it has
            --rounds N     how often (default 200)
  model     random commands against a simple model of the specification; a disagreement is shrunk
            --minutes N    for how long (default 10)
            --path P --replay R    only the case printed with a disagreement, with its seed
  wire      what no client sends, over connections, HTTP and every method, next to a client that behaves
            --minutes N    for how long (default 5)
            --only N       only the case printed with a violation
  syscalls  traces the system calls: what is acknowledged was synced before (needs strace)

  --seed N  the seed of chance (default: the time of day)
  --help    this text
`;

export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export interface Torture {
  readonly seed: number;
  readonly run: (rack: Rack) => Promise<Verdict>;
}

const LARGEST_SEED = 2 ** 31 - 1;

/** @throws UsageError. `null`: only help is wanted. */
export function parseTorture(args: readonly string[]): Torture | null {
  const { values, positionals } = parse(args);
  if (values.help === true || args.length === 0) return null;
  const seed = whole('--seed', values.seed ?? String(Date.now() % LARGEST_SEED), 0, LARGEST_SEED);
  const [name, ...rest] = positionals;
  if (rest.length > 0) throw new UsageError(`One name, not ${positionals.join(', ')}`);
  switch (name) {
    case 'kills': {
      const rounds = whole('--rounds', values.rounds ?? '200', 1, 1_000_000);
      return { seed, run: (rack) => new Kills(rack, { rounds }).run() };
    }
    case 'model': {
      const { path, replay } = values;
      const minutes = whole('--minutes', values.minutes ?? '10', 1, 10_000);
      return {
        seed,
        run: (rack) =>
          tortureByModel(rack, { minutes, ...(path === undefined ? {} : { path }), ...(replay === undefined ? {} : { replay }) }),
      };
    }
    case 'wire': {
      const minutes = whole('--minutes', values.minutes ?? '5', 1, 10_000);
      const only = values.only === undefined ? {} : { only: whole('--only', values.only, 0, 2 * LARGEST_SEED) };
      return { seed, run: (rack) => new WireFuzz(rack, { minutes, ...only }).run() };
    }
    case 'syscalls':
      return { seed, run: traceSystemCalls };
    default:
      throw new UsageError(`There is no torture ${name}`);
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        rounds: { type: 'string' },
        minutes: { type: 'string' },
        only: { type: 'string' },
        path: { type: 'string' },
        replay: { type: 'string' },
        seed: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (cause) {
    throw new UsageError((cause as Error).message, { cause });
  }
}

function whole(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isInteger(value) || value < least || value > most) {
    throw new UsageError(`${name} must be a whole number from ${least} to ${most}, not "${text}"`);
  }
  return value;
}
