import { parseArgs } from 'node:util';
import { WrongArguments, wholeNumber } from '@orderstream/local-stack/command';

const worldNames = ['services', 'delivery'] as const;
export type WorldName = (typeof worldNames)[number];

export interface SimulateOptions {
  /** undefined: both. */
  readonly world: WorldName | undefined;
  /** The first seed. */
  readonly seed: number;
  readonly seeds: number;
  readonly steps: number;
  readonly orders: number;
  readonly rules: boolean;
}

export const HELP = `npm run simulate -- [options]

Runs two worlds by seeds, lets each come to rest, and checks it. A seed that shows something wrong is reported
as its smallest story, and the exit code is 1.

services: the deciders, reactors, process tables and projections of all services over one log in memory, under
crashes, zombies, repeated and delayed deliveries, failing calls and a provider that goes away. Checked are every
stream, the stock, the provider's book and every read model.

delivery: relays, consumers and projectors between a log and brokers in memory, under a clock of their own, with
requests and answers lost or late, processes killed or standing still between any two awaits, rebalances, two builds
beside each other, and read models made anew. Checked is that every event is on its topic once, in the order of its
stream, that reactions happen before their offsets, and that every row is what the log says.

  --world W    only one of them: services or delivery
  --seed S     the first seed (default 1); alone, only this one
  --seeds N    how many seeds (default 1000)
  --steps N    steps under fire, each seed (default 2000)
  --orders N   customers of the services, each seed (default 12)
  --rules      leaves out one rule of the platform at a time, and shows which seed reveals it
  --help       this text
`;

/** @throws naming the option that is unknown or not a whole number. */
export function parseOptions(args: readonly string[]): SimulateOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      world: { type: 'string' },
      seed: { type: 'string' },
      seeds: { type: 'string' },
      steps: { type: 'string', default: '2000' },
      orders: { type: 'string', default: '12' },
      rules: { type: 'boolean', default: false },
    },
  });
  const world = worldNames.find((name) => name === values.world);
  if (values.world !== undefined && world === undefined)
    throw new WrongArguments(`--world ${values.world}: there are ${worldNames.join(' and ')}`);
  return {
    world,
    seed: wholeNumber('--seed', values.seed ?? '1', 0),
    seeds: wholeNumber('--seeds', values.seeds ?? (values.seed === undefined ? '1000' : '1'), 1),
    steps: wholeNumber('--steps', values.steps, 1),
    orders: wholeNumber('--orders', values.orders, 1),
    rules: values.rules,
  };
}
