// npm run bench -- NAME: measures on servers of its own, with fresh data.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '@orderstream/local-stack/command';
import { interruption, untilInterrupted } from '@orderstream/local-stack/interruption';
import { discardData, openStack } from '@orderstream/local-stack/stack';
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
  const dataDir = mkdtempSync(join(tmpdir(), 'orderstream-bench-'));
  const signal = interruption();
  const interrupted = untilInterrupted(signal).then(() => Promise.reject(signal.reason as Error));
  const onProgress = (line: string): void => console.error(`  ${line}`);
  onProgress(`fresh data in ${dataDir}`);
  try {
    const measurements = await Promise.race([benchmarks[options.name](options, { dataDir, signal, onProgress }), interrupted]);
    const report = reportOf(options.name, measurements);
    console.log(options.json ? JSON.stringify(report, null, 2) : `\n${textOf(report)}`);
    return measurements.isExceeded === true ? 1 : 0;
  } catch (fault) {
    throw signal.aborted ? signal.reason : fault;
  } finally {
    await openStack(dataDir)?.stop();
    discardData(dataDir);
    rmSync(dataDir, { recursive: true, force: true });
  }
}

await runCommand(HELP, main);
