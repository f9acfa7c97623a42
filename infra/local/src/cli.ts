// npm run stack -- up | down | status | logs NAME
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { parseCommand, usage, WrongArguments, type StackCommand, type UpOptions } from './arguments.ts';
import { endInOrder } from './ending.ts';
import { Interrupted, interruption } from './interruption.ts';
import { dataDirFromEnvironment, logFile } from './layout.ts';
import { PortTaken } from './ports.ts';
import { endLeftovers, openStack, startStack, type Stack } from './stack.ts';
import { AUTOMATIC_CARRIER } from './stack-options.ts';
import { StartFailed } from './starting.ts';
import { stackProcesses } from './processes.ts';

const WRONG_USE = 64;
const SHOWN_LINES = 100;
const dataDir = dataDirFromEnvironment(process.env);
const say = (line: string): void => console.log(line);

function showStatus(stack: Stack): boolean {
  const rows = stack.status();
  for (const { name, port, pid } of rows) say(`${name.padEnd(18)} port ${port}   ${pid === undefined ? 'stopped' : `running, pid ${pid}`}`);
  return rows.every(({ pid }) => pid !== undefined);
}

async function up({ fresh, serversOnly, automaticCarrier, brokers }: UpOptions): Promise<void> {
  const before = fresh ? [] : stackProcesses().map(({ pid }) => pid);
  const signal = interruption();
  try {
    const stack = await startStack({ dataDir, fresh, detached: true, onProgress: say, signal, ...(brokers === undefined ? {} : { brokers }) });
    if (automaticCarrier) await stack.configure('shipping-service', AUTOMATIC_CARRIER);
    if (!serversOnly && stack.status().some(({ pid }) => pid === undefined)) {
      await stack.deploy();
      await stack.startServices();
    }
    say('');
    showStatus(stack);
    say(`\nData and logs: ${dataDir}. Stop with: npm run stack -- down`);
  } catch (error) {
    if (signal.aborted) say('stopping what was started');
    await endInOrder(stackProcesses().filter(({ stack, pid }) => stack === dataDir && !before.includes(pid)));
    throw error;
  }
}

async function down(): Promise<void> {
  const ended = await endLeftovers(dataDir);
  say(ended.length === 0 ? 'nothing runs' : `stopped ${ended.map(({ name }) => name).join(', ')}`);
}

function status(): void {
  const stack = openStack(dataDir);
  if (stack === undefined) say(`Nothing was ever started in ${dataDir}: npm run stack -- up`);
  if (stack === undefined || !showStatus(stack)) process.exitCode = 1;
}

async function logs({ name, follow }: { readonly name: string; readonly follow: boolean }): Promise<void> {
  const file = logFile(dataDir, name);
  if (!existsSync(file)) throw new WrongArguments(`${name} has no log in ${dataDir} yet.`);
  const tail = spawn('tail', ['-n', String(SHOWN_LINES), ...(follow ? ['-f'] : []), file], { stdio: 'inherit' });
  process.on('SIGINT', () => {}); // the terminal tells tail as well
  await once(tail, 'exit');
}

async function run(command: StackCommand): Promise<void> {
  switch (command.verb) {
    case 'help':
      return say(usage);
    case 'up':
      return up(command);
    case 'down':
      return down();
    case 'status':
      return status();
    case 'logs':
      return logs(command);
    default:
      return command satisfies never;
  }
}

try {
  await run(parseCommand(process.argv.slice(2)));
} catch (error) {
  if (error instanceof Interrupted) process.exitCode = error.exitCode;
  else if (error instanceof WrongArguments) {
    console.error(`${error.message}\n\n${usage}`);
    process.exitCode = WRONG_USE;
  } else {
    console.error(error instanceof StartFailed || error instanceof PortTaken ? error.message : error);
    process.exitCode = 1;
  }
}
