// Runs a tool with the addresses and passwords of the running stack: node within.ts PROGRAM [ARGUMENTS]
// Variables that are set already win, so that the same tools look into any other deployment.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dataDirFromEnvironment } from './layout.ts';
import { openStack } from './stack.ts';

const dataDir = dataDirFromEnvironment(process.env);
const stack = openStack(dataDir);
const elsewhere = process.env['KAFKA_BROKERS'] !== undefined || process.argv.includes('--help');
if (!elsewhere && (stack === undefined || stack.processes().length === 0)) {
  console.error(`No stack runs in ${dataDir}. Start one: npm run stack -- up (or npm run demo), or name another with ORDERSTREAM_DATA.`);
  process.exit(1);
}

const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: { ...stack?.env, ...process.env },
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
const [code] = (await once(child, 'exit')) as [number | null];
process.exitCode = code ?? 1;
