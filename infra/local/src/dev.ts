// npm run dev -- payment-service: runs one service of the running stack in the foreground, under the debugger.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { serviceNames } from '@orderstream/services';
import { runCommand, WrongArguments } from './command.ts';
import { dataDirFromEnvironment, isService, root } from './layout.ts';
import { noStackRuns, openStack } from './stack.ts';

const usage = `npm run dev -- SERVICE [NODE OPTIONS]

Stops SERVICE in the running stack and runs it here with --inspect and source maps; Ctrl-C puts it back.
Services: ${serviceNames.join(', ')}
Node options: such as --inspect-brk, or --inspect=9300 for another port of the debugger`;

async function main([name = 'none', ...options]: readonly string[]): Promise<number> {
  if (!isService(name)) throw new WrongArguments(`There is no service ${name}.`);
  refuseUnknown(options);
  const dataDir = dataDirFromEnvironment(process.env);
  const stack = openStack(dataDir, { detached: true, onProgress: console.log });
  if (stack === undefined || stack.processes().length === 0) throw new Error(noStackRuns(dataDir));
  await stack.stop(name);
  const inspect = options.some((option) => option.startsWith('--inspect')) ? [] : ['--inspect'];
  const program = path.join(root, 'apps', name, 'dist/main.js');
  const child = spawn(process.execPath, [...process.execArgv, ...inspect, ...options, program], {
    stdio: ['inherit', 'pipe', 'inherit'],
    env: { ...process.env, ...stack.environmentOf(name) },
  });
  // Piped through here, so that it is noticed when the reader leaves.
  child.stdout?.pipe(process.stdout, { end: false });
  // The service ends in order on the signal; this waits for it. A terminal signals both.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => (signal === 'SIGINT' && process.stdin.isTTY ? undefined : child.kill(signal)));
  }
  const [code] = (await once(child, 'exit')) as [number | null];
  console.log(`\nputting ${name} back`);
  await stack.startService(name);
  return code ?? 1;
}

/** Asks Node.js itself, before the service is stopped. @throws WrongArguments */
function refuseUnknown(options: readonly string[]): void {
  const other = options.find((option) => !option.startsWith('-'));
  if (other !== undefined) throw new WrongArguments(`${other} is no option.`);
  const { status, stderr } = spawnSync(process.execPath, [...options, '--version'], { encoding: 'utf8' });
  if (status !== 0) throw new WrongArguments(stderr.trim().replace(`${process.execPath}: `, ''));
}

await runCommand(usage, main);
