// npm run bench -- NAME: measures on servers of its own, with fresh data.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Interrupted, interruption } from '@orderstream/local-stack/interruption';
import { freePortBase } from '@orderstream/local-stack/ports';
import { discardData, openStack, startStack } from '@orderstream/local-stack/stack';
import { Database } from '@orderstream/postgres';
import { type Environment, setting } from '../platform.ts';
import { type Comparison, reportOf, textOf } from './comparison.ts';
import { type BenchmarkName, HELP, type Options, parseOptions } from './options.ts';
import { type TransportOptions, transport } from './transport.ts';

const benchmarks: Readonly<Record<BenchmarkName, (env: Environment, options: TransportOptions) => Promise<Comparison>>> = { transport };

async function measure({ name, records, pairs, json }: Options): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'orderstream-bench-'));
  const signal = interruption();
  const onProgress = (line: string): void => console.error(`  ${line}`);
  onProgress(`fresh data in ${dataDir}`);
  try {
    const stack = await startStack({ dataDir, portBase: await freePortBase(), signal, onProgress });
    await stack.deploy();
    const comparison = await benchmarks[name](stack.env, { records, pairs, signal, onProgress });
    const report = reportOf(comparison, await postgresVersion(stack.env));
    console.log(json ? JSON.stringify(report, null, 2) : `\n${textOf(report)}`);
  } catch (fault) {
    const { reason } = signal;
    if (!signal.aborted) console.error(fault instanceof Error ? fault.message : fault);
    process.exitCode = reason instanceof Interrupted ? reason.exitCode : 1;
  }
  await openStack(dataDir)?.stop();
  discardData(dataDir);
  rmSync(dataDir, { recursive: true, force: true });
  process.exit();
}

async function postgresVersion(env: Environment): Promise<string> {
  const database = new Database({ url: setting(env, 'ADMIN_DATABASE_URL'), poolSize: 1 });
  const [found] = await database.query<{ server_version: string }>('SHOW server_version');
  await database.close();
  return found!.server_version;
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
