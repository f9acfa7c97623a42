import { parseArgs } from 'node:util';
import { WrongArguments, wholeNumber } from '@orderstream/local-stack/command';

const names = ['odd-answers', 'stalls', 'endurance'] as const;
export type OutagesName = (typeof names)[number];

export interface OutagesOptions {
  readonly name: OutagesName;
  readonly minutes: number;
  readonly rate: number;
  readonly only: string;
}

export const HELP = `npm run outages -- NAME [options]

Starts a platform of its own with fresh data, behind proxies that can be faults, sends orders and reads through
it, and shows what each fault of each dependency did: how long until readiness reported it, how long until all
was back, and what should not have happened. Then it checks the ledger.

  odd-answers  every odd answer that a client can be given, at work and at start: a row each (9 minutes)
  stalls       each process stopped (SIGSTOP), killed, answering late, with a clock two hours off (15 minutes)
  endurance    each dependency in turn stopped for 20 s, killed and started again

  --only TEXT   only rows with this text in their name, such as "kafka" or "kafka: silent"
  --rate N      orders a second, with two reads each (default 10; odd-answers: 5)
  --minutes N   how long endurance lasts (default 10)
  --help        this text
`;

/** @throws naming the option that is unknown or not a whole number. */
export function parseOptions(args: readonly string[]): OutagesOptions {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      minutes: { type: 'string', default: '10' },
      rate: { type: 'string' },
      only: { type: 'string', default: '' },
    },
  });
  const name = names.find((known) => known === positionals[0]);
  if (name === undefined || positionals.length > 1)
    throw new WrongArguments(`${positionals.join(' ') || 'No name'}: there is ${names.join(', ')}`);
  return {
    name,
    minutes: wholeNumber('--minutes', values.minutes, 1),
    rate: wholeNumber('--rate', values.rate ?? (name === 'odd-answers' ? '5' : '10'), 1),
    only: values.only,
  };
}
