import { parseArgs } from 'node:util';
import { wholeNumber } from '../whole-number.ts';

const names = ['transport', 'eventstore', 'relay-brokers'] as const;
export type BenchmarkName = (typeof names)[number];

export interface Options {
  readonly name: BenchmarkName;
  readonly pairs: number;
  readonly records: number;
  readonly events: number;
  readonly seconds: number;
  readonly only: string | undefined;
  readonly json: boolean;
}

export const HELP = `npm run bench -- NAME [options]

  transport      a topic into Postgres: Nest's Kafka transport, message by message, against this platform's, batch by batch
  eventstore     the embedded event store: appends, reads and subscriptions through its client, beside their limits
  relay-brokers  the relay's transactions on three brokers: partitions that one of them leads, and that three lead

  --pairs N    how often each side runs, in turn (default 5)
  --json       print the report, with every sample, as JSON
  --help       this text

  of transport:
  --records N  how many records (default 20000)

  of eventstore and relay-brokers:
  --seconds N  how long each run is measured, after half of that to warm up (default 4)

  of eventstore:
  --events N   how many events are stored before (default 1000000, at least 1000)
  --only TEXT  only what has this text in its name: the comparisons, start, memory

Starts servers of its own with fresh data. Prints a ratio only when every run has left what it should.
Leave the machine alone meanwhile.
`;

const FEWEST_EVENTS = 1_000;

/** @throws with the option's name when one is unknown or no whole number. */
export function parseOptions(args: readonly string[]): Options | 'help' {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      pairs: { type: 'string', default: '5' },
      records: { type: 'string', default: '20000' },
      events: { type: 'string', default: '1000000' },
      seconds: { type: 'string', default: '4' },
      only: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  const name = names.find((known) => known === positionals[0]);
  if (name === undefined || positionals.length > 1) throw new Error(`${positionals.join(' ') || 'No name'}: there is ${names.join(', ')}`);
  return {
    name,
    pairs: wholeNumber('--pairs', values.pairs, 1),
    records: wholeNumber('--records', values.records, 1),
    events: wholeNumber('--events', values.events, FEWEST_EVENTS),
    seconds: wholeNumber('--seconds', values.seconds, 1),
    only: values.only,
    json: values.json,
  };
}
