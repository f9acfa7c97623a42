// npm run dev -- payment-service: runs one service of the running stack in the foreground, under the debugger.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { dataDirFromEnvironment, isService, root, serviceNames } from './layout.ts';
import { openStack } from './stack.ts';

const usage = `npm run dev -- SERVICE [NODE OPTIONS]

Stops SERVICE in the running stack and runs it here with --inspect and source maps; Ctrl-C puts it back.
Services: ${serviceNames.join(', ')}
Node options: such as --inspect-brk, or --inspect=9300 for another port of the debugger`;

const [name = '--help', ...options] = process.argv.slice(2);
const stack = openStack(dataDirFromEnvironment(process.env), { detached: true, onProgress: console.log });

if (!isService(name)) {
  console.log(name === '--help' ? usage : `There is no service ${name}.\n\n${usage}`);
  process.exitCode = name === '--help' ? 0 : 64;
} else if (stack === undefined || stack.processes().length === 0) {
  console.error('No stack runs: npm run stack -- up');
  process.exitCode = 1;
} else {
  await stack.stop(name);
  const inspect = options.some((option) => option.startsWith('--inspect')) ? [] : ['--inspect'];
  const program = path.join(root, 'apps', name, 'dist/main.js');
  const child = spawn(process.execPath, [...process.execArgv, ...inspect, ...options, program], {
    stdio: 'inherit',
    env: { ...process.env, ...stack.environmentOf(name) },
  });
  // The service ends in order on the signal; this waits for it. A terminal tells both.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => (signal === 'SIGINT' && process.stdin.isTTY ? undefined : child.kill(signal)));
  }
  await once(child, 'exit');
  console.log(`\nputting ${name} back`);
  await stack.startService(name);
}
