// npm run stack -- up | down | restart NAME | status | logs NAME
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { type ServiceName, serviceNames } from '@orderstream/services';
import { parseCommand, usage, type StackCommand, type UpOptions } from './arguments.ts';
import { goOnUnread, runCommand, WrongArguments } from './command.ts';
import { endInOrder, endLeftovers } from './end-in-order.ts';
import type { Environment } from './environment.ts';
import { interruption } from './interruption.ts';
import { dataDirFromEnvironment, isServer, logFile, type ProcessName } from './layout.ts';
import { stackProcesses } from './processes.ts';
import { AUTOMATIC } from './stack-options.ts';
import { noStackRuns, openStack, startStack, type Stack } from './stack.ts';

const SHOWN_LINES = 100;
const dataDir = dataDirFromEnvironment(process.env);
/** Quoted, so that a shell reads it as one word. */
const quoted = (text: string): string => (/^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`);
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
    const stack = await startStack({
      dataDir,
      fresh,
      forServices: serversOnly ? [] : serviceNames,
      detached: true,
      onProgress: say,
      signal,
      ...(brokers === undefined ? {} : { brokers }),
    });
    const automatic = Object.entries(automaticCarrier ? AUTOMATIC : {}) as [ServiceName, Environment][];
    for (const [name, settings] of automatic) await stack.configure(name, settings);
    if (!serversOnly && stack.status().some(({ pid }) => pid === undefined)) {
      await stack.deploy();
      await stack.startServices();
    }
    say('');
    showStatus(stack);
    const named = process.env['ORDERSTREAM_DATA'] ? `ORDERSTREAM_DATA=${quoted(dataDir)} ` : '';
    say(`\nData and logs: ${dataDir}. Stop with: ${named}npm run stack -- down`);
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

async function restart(name: ProcessName): Promise<void> {
  const stack = openStack(dataDir, { detached: true, onProgress: say, signal: interruption() });
  if (stack === undefined || stack.processes().length === 0) throw new Error(noStackRuns(dataDir));
  await stack.restart(name);
  if (isServer(name)) return;
  await stack.untilReady(name);
  say(`${name} ready on port ${stack.ports[name]}`);
}

/** Whether all processes run. */
function status(): boolean {
  const stack = openStack(dataDir);
  if (stack === undefined) say(`Nothing was ever started in ${dataDir}: npm run stack -- up`);
  return stack !== undefined && showStatus(stack);
}

async function logs({ name, follow }: { readonly name: string; readonly follow: boolean }): Promise<void> {
  const file = logFile(dataDir, name);
  if (!existsSync(file)) throw new WrongArguments(`${name} has no log in ${dataDir} yet.`);
  const tail = spawn('tail', ['-n', String(SHOWN_LINES), ...(follow ? ['-f'] : []), file], { stdio: 'inherit' });
  process.on('SIGINT', () => {}); // the terminal signals tail as well
  await once(tail, 'exit');
}

async function run(command: StackCommand): Promise<void | boolean> {
  switch (command.verb) {
    case 'up':
      return up(command);
    case 'down':
      return down();
    case 'restart':
      return restart(command.name);
    case 'status':
      return status();
    case 'logs':
      return logs(command);
    default:
      throw new TypeError(`there is no ${String(command satisfies never)}`);
  }
}

goOnUnread();
await runCommand(usage, async (args) => ((await run(parseCommand(args))) === false ? 1 : 0));
