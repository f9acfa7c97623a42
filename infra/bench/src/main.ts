// npm run bench -- NAME: measures on servers of its own, with fresh data.
import { runCommand } from '@orderstream/local-stack/command';
import { onFreshData } from '@orderstream/local-stack/fresh-data';
import { type Measurements, type Ground, reportOf, textOf } from './comparison.ts';
import { cpuPerOrder } from './cpu-per-order.ts';
import { eventstore } from './eventstore.ts';
import { isolation } from './isolation.ts';
import { memory } from './memory.ts';
import { type BenchmarkName, HELP, type Options, parseOptions } from './options.ts';
import { relayBrokers } from './relay-brokers.ts';
import { transport } from './transport.ts';

const benchmarks: Readonly<Record<BenchmarkName, (options: Options, ground: Ground) => Promise<Measurements>>> = {
  transport,
  eventstore,
  memory,
  isolation,
  'relay-brokers': relayBrokers,
  'cpu-per-order': cpuPerOrder,
};

async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions(args);
  const onProgress = (line: string): void => console.error(`  ${line}`);
  const measurements = await onFreshData('bench', (data) => {
    onProgress(`fresh data in ${data.dataDir}`);
    return benchmarks[options.name](options, { ...data, onProgress });
  });
  const report = reportOf(options.name, measurements);
  console.log(options.json ? JSON.stringify(report, null, 2) : `\n${textOf(report)}`);
  return measurements.isExceeded === true ? 1 : 0;
}

await runCommand(HELP, main);
