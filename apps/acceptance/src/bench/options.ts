import { parseArgs } from 'node:util';
import { wholeNumber } from '../whole-number.ts';

const names = ['transport'] as const;
export type BenchmarkName = (typeof names)[number];

export interface Options {
  readonly name: BenchmarkName;
  readonly records: number;
  readonly pairs: number;
  readonly json: boolean;
}

export const HELP = `npm run bench -- NAME [options]

  transport    a topic into Postgres: Nest's Kafka transport, message by message, against this platform's, batch by batch

  --records N  how many records (default 20000)
  --pairs N    how often each side runs, in turn (default 5)
  --json       print the report, with every sample, as JSON
  --help       this text

Starts servers of its own with fresh data. Prints a ratio only when every run has left the right rows.
Leave the machine alone meanwhile.
`;

/** @throws with the option's name when one is unknown or no whole number. */
export function parseOptions(args: readonly string[]): Options | 'help' {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      records: { type: 'string', default: '20000' },
      pairs: { type: 'string', default: '5' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  const name = names.find((known) => known === positionals[0]);
  if (name === undefined || positionals.length > 1) throw new Error(`${positionals.join(' ') || 'No name'}: there is ${names.join(', ')}`);
  return { name, records: wholeNumber('--records', values.records, 1), pairs: wholeNumber('--pairs', values.pairs, 1), json: values.json };
}
