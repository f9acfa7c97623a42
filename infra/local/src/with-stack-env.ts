// Runs a tool with the addresses and passwords of the running stack: node with-stack-env.ts PROGRAM [ARGUMENTS]
// Variables that are set already win, so that the same tool serves any other deployment.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { runToExit, WRONG_SETTING } from './command.ts';
import { dataDirFromEnvironment } from './layout.ts';
import { noStackRuns, openStack } from './stack.ts';

async function main(program: readonly string[]): Promise<number> {
  const dataDir = dataDirFromEnvironment(process.env);
  const stack = openStack(dataDir);
  const child = spawn(process.execPath, [...process.execArgv, ...program], { stdio: 'inherit', env: { ...stack?.env, ...process.env } });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  if (code === WRONG_SETTING && stack === undefined) console.error(noStackRuns(dataDir));
  return code ?? 128 + constants.signals[signal!];
}

await runToExit('', () => main(process.argv.slice(2)));
