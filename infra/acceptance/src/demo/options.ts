import { parseArgs } from 'node:util';
import { WrongArguments, wholeNumber } from '@orderstream/local-stack/command';
import { type Outcome, isOutcome, outcomes } from '../shop/outcomes.ts';

export interface DemoOptions {
  readonly orders: number;
  readonly seed: number;
  /** Orders a second; null places them as fast as they are answered. */
  readonly rate: number | null;
  /** The outcome of the order whose story is told. There is always such an order, even if the seed would plan none. */
  readonly story: Outcome;
  readonly keep: boolean;
  readonly exit: boolean;
}

export const HELP = `npm run demo -- [options]

Starts the whole platform with fresh data on free ports, takes seeded orders through it, and shows
how they ended, one order's story, the delay to the read model, and the ledger.

  --orders N   how many orders (default 200)
  --seed N     which orders; the same seed gives the same ones (default 1)
  --rate N     orders a second (default: as fast as they are answered)
  --story KIND the story of an order with this outcome (default "delivered"):
               ${outcomes.join(',\n               ')}
  --keep       keep the data when it ends
  --exit       end when all is shown; the exit code says whether the ledger is clean
  --help       this text
`;

/** @throws naming the option that is unknown, or whose value makes no sense. */
export function parseOptions(args: readonly string[]): DemoOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      orders: { type: 'string', default: '200' },
      seed: { type: 'string', default: '1' },
      rate: { type: 'string' },
      story: { type: 'string', default: 'delivered' },
      keep: { type: 'boolean', default: false },
      exit: { type: 'boolean', default: false },
    },
  });
  return {
    orders: wholeNumber('--orders', values.orders, 1),
    seed: wholeNumber('--seed', values.seed, 0),
    rate: values.rate === undefined ? null : wholeNumber('--rate', values.rate, 1),
    story: outcomeNamed(values.story),
    keep: values.keep,
    exit: values.exit,
  };
}

function outcomeNamed(name: string): Outcome {
  if (isOutcome(name)) return name;
  throw new WrongArguments(`--story ${name}: no order ends so; there are: ${outcomes.join(', ')}`);
}
