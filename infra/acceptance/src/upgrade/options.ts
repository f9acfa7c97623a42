import { parseArgs } from 'node:util';
import { wholeNumber } from '@orderstream/local-stack/command';

export interface UpgradeOptions {
  readonly from: string;
  /** Orders a second. */
  readonly rate: number;
}

/** The last revision in which each read model has a consumer group of its own. */
const DEFAULT_FROM = 'f2811af';

export const HELP = `npm run upgrade [-- options]

Starts another revision of this repository by its own build, on servers of its own with fresh data, and sends orders,
some of which are cancelled, and records that can't be decoded. Under way, it replaces one service after the other by
this tree's, on the same data; for a while both run side by side, but for the relay. Then it waits until nothing is on its way, and checks
the ledger with this tree's code. After that it goes back to the other revision in the same way, and checks the ledger
with that revision's.

  --from REVISION  any commit of this repository (default ${DEFAULT_FROM}); built once in .orderstream/revisions
  --rate N         orders a second (default 5)
  --help           this text
`;

/** @throws naming the option that is unknown or not a whole number. */
export function parseOptions(args: readonly string[]): UpgradeOptions {
  const { values } = parseArgs({
    args: [...args],
    options: { from: { type: 'string', default: DEFAULT_FROM }, rate: { type: 'string', default: '5' } },
  });
  return { from: values.from, rate: wholeNumber('--rate', values.rate, 1) };
}
