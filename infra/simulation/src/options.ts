import { parseArgs } from 'node:util';
import { wholeNumber } from '@orderstream/local-stack/command';

export interface SimulateOptions {
  /** The first seed. */
  readonly seed: number;
  readonly seeds: number;
  readonly steps: number;
  readonly orders: number;
  readonly rules: boolean;
}

export const HELP = `npm run simulate -- [options]

Runs the deciders, reactors, process tables and projections of all services over one log in memory, under
crashes, zombies, repeated and delayed deliveries, failing calls and a provider that goes away; then lets it
come to rest and checks every stream, the stock, the provider's book and every read model. A seed that shows
something wrong is reported as its smallest story, and the exit code is 1.

  --seed S     the first seed (default 1); alone, only this one
  --seeds N    how many seeds (default 1000)
  --steps N    steps under fire, each seed (default 2000)
  --orders N   customers, each seed (default 12)
  --rules      leaves out one rule of the platform at a time, and shows which seed reveals it
  --help       this text
`;

/** @throws naming the option that is unknown or not a whole number. */
export function parseOptions(args: readonly string[]): SimulateOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: 'string' },
      seeds: { type: 'string' },
      steps: { type: 'string', default: '2000' },
      orders: { type: 'string', default: '12' },
      rules: { type: 'boolean', default: false },
    },
  });
  return {
    seed: wholeNumber('--seed', values.seed ?? '1', 0),
    seeds: wholeNumber('--seeds', values.seeds ?? (values.seed === undefined ? '1000' : '1'), 1),
    steps: wholeNumber('--steps', values.steps, 1),
    orders: wholeNumber('--orders', values.orders, 1),
    rules: values.rules,
  };
}
