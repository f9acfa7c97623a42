// The processes of stacks. Each has in its environment which stack it belongs to, so that it is found whatever
// became of the process that started it; nothing relies on a file of pids.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as passed } from 'node:timers/promises';
import { childrenOf, identityOf, isRunning, parentOf } from '../process-identity.mjs';
import { logFile, root } from './layout.ts';

const STACK = 'ORDERSTREAM_STACK';
const PROCESS = 'ORDERSTREAM_PROCESS';
const CLONE = 'ORDERSTREAM_CLONE';
const OWNERS = 'ORDERSTREAM_OWNERS';
const POLL_MS = 25;
const LISTING_BYTES = 64 * 1024 * 1024;

export interface StackProcess {
  readonly pid: number;
  /** Absolute data folder of its stack. */
  readonly stack: string;
  readonly name: string;
  /** The clone that it was started from. */
  readonly clone: string;
  /** Identities of the processes that its stack must not outlive; none for a detached stack. */
  readonly owners: readonly string[];
}

/** A process, with its environment as `NAME=value`. */
interface Listed {
  readonly pid: number;
  readonly variables: readonly string[];
}

function valueOf(name: string, variables: readonly string[]): string | undefined {
  return variables.find((variable) => variable.startsWith(`${name}=`))?.slice(name.length + 1);
}

function* linuxProcesses(name: string): Generator<Listed> {
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    let environment: string;
    try {
      environment = readFileSync(`/proc/${entry}/environ`, 'utf8');
    } catch {
      continue; // ended meanwhile, or another user's
    }
    if (environment.includes(name)) yield { pid: Number(entry), variables: environment.split('\0') };
  }
}

/** Reads a line of `ps axeww -o pid=,command=`: the pid, the command, its variables. */
export function fromListing(line: string): Listed | undefined {
  const [, pid, rest] = /^\s*(\d+) (.*)$/.exec(line) ?? [];
  // Spaces separate the variables and may be in values, too: a variable begins where a NAME= does.
  return rest === undefined ? undefined : { pid: Number(pid), variables: rest.split(/ (?=[A-Za-z_][A-Za-z0-9_]*=)/) };
}

function portableProcesses(name: string): Listed[] {
  const listing = execFileSync('ps', ['axeww', '-o', 'pid=,command='], { encoding: 'utf8', maxBuffer: LISTING_BYTES });
  const lines = listing.split('\n').filter((line) => line.includes(name));
  return lines.flatMap((line) => fromListing(line) ?? []);
}

/** Processes with the name somewhere in their environment; of other users' processes those that may be seen. */
const processesNaming = (name: string): Listed[] => (process.platform === 'linux' ? [...linuxProcesses(name)] : portableProcesses(name));

/** The pids of the processes that have a variable of this value in their environment, but for this one. */
export function processesWith(name: string, value: string): number[] {
  const found = processesNaming(name).filter(({ pid, variables }) => pid !== process.pid && valueOf(name, variables) === value);
  return found.map(({ pid }) => pid);
}

/** Undefined when it belongs to no stack. */
export function asOfStack({ pid, variables }: Listed): StackProcess | undefined {
  const stack = valueOf(STACK, variables);
  if (stack === undefined) return undefined;
  const owners = (valueOf(OWNERS, variables) ?? '').split(' ').filter((owner) => owner !== '');
  return { pid, stack, name: valueOf(PROCESS, variables) ?? '', clone: valueOf(CLONE, variables) ?? '', owners };
}

/** Every process that was started for some stack; those of other users as far as they may be seen. */
export function stackProcesses(): StackProcess[] {
  const marked = processesNaming(STACK).flatMap((listed) => asOfStack(listed) ?? []);
  return [...Map.groupBy(marked, ({ stack, name }) => `${stack} ${name}`).values()].flatMap(withoutTheirChildren);
}

/** A child has its parent's environment, and may have a lower pid; Postgres' children for a moment only. */
function withoutTheirChildren(alike: readonly StackProcess[]): readonly StackProcess[] {
  if (alike.length === 1) return alike;
  return alike.filter((each) => {
    const parent = parentOf(each.pid);
    return parent !== undefined && alike.every(({ pid }) => pid !== parent.pid);
  });
}

export const isOrphaned = ({ owners }: StackProcess): boolean => !owners.every(isRunning);

/** The processes that a stack of this process must not outlive. */
export function ownersOfThisProcess(): string[] {
  const launchers = (process.env['ORDERSTREAM_LAUNCHERS'] ?? '').split(' ').filter((launcher) => launcher !== '');
  return [...launchers, identityOf(process.pid)].filter((owner) => owner !== undefined);
}

export interface Spawning {
  readonly name: string;
  readonly dataDir: string;
  readonly owners: readonly string[];
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly user?: { readonly uid: number; readonly gid: number };
}

/** What a child inherits: where programs are and how they run, and none of the caller's settings. */
function inherited(): Record<string, string> {
  const names = ['PATH', 'HOME', 'USER', 'TMPDIR', 'TZ', 'LANG', 'LC_ALL', 'JAVA_HOME'];
  return Object.fromEntries(names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])));
}

export interface Spawned {
  readonly child: ChildProcess;
  /** The log's length before it started. */
  readonly logOffsetBytes: number;
}

/** Starts a process in a group of its own, so that Ctrl-C doesn't reach it before its turn, with its output in its log. */
export function spawnProcess({ name, dataDir, owners, command, args, env, cwd, user }: Spawning): Spawned {
  const file = logFile(dataDir, name);
  mkdirSync(path.dirname(file), { recursive: true });
  const log = openSync(file, 'a');
  try {
    const child = spawn(command, args, {
      cwd: cwd ?? dataDir,
      detached: true,
      stdio: ['ignore', log, log],
      env: { ...inherited(), ...env, [STACK]: dataDir, [PROCESS]: name, [CLONE]: root, [OWNERS]: owners.join(' ') },
      ...user,
    });
    child.unref();
    return { child, logOffsetBytes: statSync(file).size };
  } finally {
    closeSync(log);
  }
}

/** Sends a signal to a process that may have ended meanwhile. */
export function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function gone(identity: string, withinMs: number): Promise<boolean> {
  const until = performance.now() + withinMs;
  while (isRunning(identity)) {
    if (performance.now() > until) return false;
    await passed(POLL_MS);
  }
  return true;
}

/** Ends a process: asks with `signal`, and kills what hasn't gone after `graceMs`. */
export async function endProcess(pid: number, signal: NodeJS.Signals, graceMs: number): Promise<void> {
  const identity = identityOf(pid);
  if (identity === undefined) return;
  send(pid, signal);
  // A stopped process (SIGSTOP) acts on nothing but SIGKILL until it goes on.
  sendWithChildren(pid, 'SIGCONT');
  if (await gone(identity, graceMs)) return;
  send(pid, 'SIGKILL');
  if (!(await gone(identity, graceMs))) throw new Error(`Process ${pid} can't be ended`);
}

/** Its children, which may be in groups of their own, come after it: once it is frozen there are no new ones. */
function sendWithChildren(pid: number, signal: NodeJS.Signals): void {
  send(pid, signal);
  for (const child of childrenOf(pid)) send(child, signal);
}

/** SIGKILL: waits for its end. SIGSTOP and SIGCONT reach its children, too. */
export async function killProcess(pid: number, signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): Promise<void> {
  const identity = identityOf(pid);
  if (identity === undefined) return;
  if (signal !== 'SIGKILL') return sendWithChildren(pid, signal);
  send(pid, signal);
  if (!(await gone(identity, 10_000))) throw new Error(`Process ${pid} can't be ended`);
}
