// npm run bench -- NAME: measures on servers of its own, with fresh data.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Interrupted, interruption } from '@orderstream/local-stack/interruption';
import { type Findings, type Ground, reportOf, textOf } from './comparison.ts';
import { eventstore } from './eventstore.ts';
import { type BenchmarkName, HELP, type Options, parseOptions } from './options.ts';
import { relayBrokers } from './relay-brokers.ts';
import { transport } from './transport.ts';

const benchmarks: Readonly<Record<BenchmarkName, (options: Options, ground: Ground) => Promise<Findings>>> = { transport, eventstore, 'relay-brokers': relayBrokers };

async function measure(options: Options): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'orderstream-bench-'));
  const signal = interruption();
  const onProgress = (line: string): void => console.error(`  ${line}`);
  onProgress(`fresh data in ${dataDir}`);
  try {
    const report = reportOf(options.name, await benchmarks[options.name](options, { dataDir, signal, onProgress }));
    console.log(options.json ? JSON.stringify(report, null, 2) : `\n${textOf(report)}`);
  } catch (fault) {
    const { reason } = signal;
    if (!signal.aborted) console.error(fault instanceof Error ? fault.message : fault);
    process.exitCode = reason instanceof Interrupted ? reason.exitCode : 1;
  }
  rmSync(dataDir, { recursive: true, force: true });
  process.exit();
}

function main(args: readonly string[]): Promise<void> | void {
  try {
    const options = parseOptions(args);
    if (options !== 'help') return measure(options);
    console.log(HELP);
  } catch (fault) {
    console.error(`${(fault as Error).message}\n\n${HELP}`);
    process.exitCode = 64;
  }
}

await main(process.argv.slice(2));
