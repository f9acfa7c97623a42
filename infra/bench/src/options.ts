import { parseArgs } from 'node:util';
import { WrongArguments, wholeNumber } from '@orderstream/local-stack/command';

const names = ['transport', 'eventstore', 'memory', 'isolation', 'relay-brokers', 'cpu-per-order'] as const;
export type BenchmarkName = (typeof names)[number];

export interface Options {
  readonly name: BenchmarkName;
  readonly pairs: number;
  readonly records: number;
  readonly events: number;
  readonly seconds: number;
  readonly only: string | undefined;
  readonly minutes: number;
  readonly rate: number;
  readonly against: string | undefined;
  readonly orders: number;
  readonly json: boolean;
}

export const HELP = `npm run bench -- NAME [options]

  transport      a topic into Postgres: Nest's Kafka transport, message by message, against this platform's, batch by batch
  eventstore     the embedded event store: appends, reads and subscriptions through its client, beside their limits
  memory         the whole platform: what each process keeps after a collection, and whether that grows
  isolation      how long a healthy order takes until it is paid, alone and beside 500 whose payments get no answer
  relay-brokers  the relay's transactions on three brokers: partitions led by one of them, and by all three
  cpu-per-order  the processor time of all processes for an order, beside that of another revision and its own build

  --pairs N    how often each side runs, in turn (default 5)
  --json       print the report, with every sample, as JSON
  --help       this text

  of transport:
  --records N  how many records (default 20000)

  of eventstore and relay-brokers:
  --seconds N  how long each run is measured, after half of that to warm up (default 4)

  of eventstore:
  --events N   how many events are stored beforehand (default 1000000, at least 1000)
  --only TEXT  only what has this text in its name: the comparisons, start, memory

  of memory, whose exit code is 1 when a process grows by more than 1 MB for every 1,000 orders, or at all with
  repeats of one request:
  --minutes N  how long orders are placed, after 500 to warm up (default 10)
  --rate N     orders a second (default 10)

  of cpu-per-order, which takes three runs for each pair: the other revision twice, to see how far it is from itself:
  --against REVISION   any commit of this repository; built once in .orderstream/revisions, which may be deleted
  --rate N             orders a second, however the platform copes (default 10)
  --orders N           how many orders are measured, after half of that to warm up (default 600)

Starts servers of its own with fresh data. Prints a ratio only when every run has left the result that it should.
Leave the machine alone meanwhile.
`;

const FEWEST_EVENTS = 1_000;

/** @throws naming the option that is unknown or not a whole number. */
export function parseOptions(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      pairs: { type: 'string', default: '5' },
      records: { type: 'string', default: '20000' },
      events: { type: 'string', default: '1000000' },
      seconds: { type: 'string', default: '4' },
      only: { type: 'string' },
      minutes: { type: 'string', default: '10' },
      rate: { type: 'string', default: '10' },
      against: { type: 'string' },
      orders: { type: 'string', default: '600' },
      json: { type: 'boolean', default: false },
    },
  });
  const name = names.find((known) => known === positionals[0]);
  if (name === undefined || positionals.length > 1)
    throw new WrongArguments(`${positionals.join(' ') || 'No name'}: there is ${names.join(', ')}`);
  if (name === 'cpu-per-order' && values.against === undefined) throw new WrongArguments('cpu-per-order needs --against REVISION');
  return {
    name,
    pairs: wholeNumber('--pairs', values.pairs, 1),
    records: wholeNumber('--records', values.records, 1),
    events: wholeNumber('--events', values.events, FEWEST_EVENTS),
    seconds: wholeNumber('--seconds', values.seconds, 1),
    only: values.only,
    minutes: wholeNumber('--minutes', values.minutes, 1),
    rate: wholeNumber('--rate', values.rate, 1),
    against: values.against,
    orders: wholeNumber('--orders', values.orders, 1),
    json: values.json,
  };
}
