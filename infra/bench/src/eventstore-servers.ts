import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { root } from '@orderstream/local-stack/layout';

const EMULATOR = join(root, 'infra/eventstore-emulator/dist/main.js');
const KIBIBYTES_A_MEBIBYTE = 1_024;

export interface RunningServer {
  readonly url: string;
  readonly pid: number;
  /** From its start until it said that it listens. */
  readonly startMs: number;
  memoryMb(): number;
  stop(): Promise<void>;
}

export interface EmulatorOptions {
  /** 0: any that is free. */
  readonly port?: number;
  readonly nodeArguments?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export function startEmulator(
  folder: string,
  signal: AbortSignal,
  { port = 0, nodeArguments = [], env = {} }: EmulatorOptions = {},
): Promise<RunningServer> {
  return start([...nodeArguments, EMULATOR, '--insecure', '--port', String(port), '--db', folder], signal, env);
}

export function startNullServer(signal: AbortSignal): Promise<RunningServer> {
  return start([join(import.meta.dirname, 'null-eventstore.js')], signal);
}

async function start(args: readonly string[], signal: AbortSignal, env: Readonly<Record<string, string>> = {}): Promise<RunningServer> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...env } });
  const stop = async (): Promise<void> => {
    signal.removeEventListener('abort', kill);
    if (hasEnded(child)) return;
    kill();
    await once(child, 'exit');
  };
  const kill = (): void => void child.kill();
  signal.addEventListener('abort', kill, { once: true });
  const line = await Promise.race([
    once(createInterface(child.stdout), 'line').then(([text]) => text as string),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`a server ended with ${String(code)}`))),
  ]);
  const startMs = performance.now() - startedAt;
  const port = /:(\d+),/.exec(line)?.[1];
  const memoryMb = (): number =>
    Number(execFileSync('ps', ['-o', 'rss=', '-p', String(child.pid)], { encoding: 'utf8' })) / KIBIBYTES_A_MEBIBYTE;
  return { url: `esdb://127.0.0.1:${port}?tls=false`, pid: child.pid!, startMs, memoryMb, stop };
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}
