import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

const bootstrap = join(import.meta.dirname, '../../../infra/local/bootstrap.mjs');

export interface CommandRun {
  /** As a shell counts: over 128 when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** The reader of its output is gone before it begins. */
  readonly unread?: boolean;
}

/** Runs a command to its end as npm would, without npm. */
export async function runCommand([name, ...args]: readonly string[], { env, unread = false }: CommandOptions = {}): Promise<CommandRun> {
  const child = spawn(process.execPath, [bootstrap, name!, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  if (unread) child.stdout.destroy();
  const [[code], stdout, stderr] = await Promise.all([
    once(child, 'exit') as Promise<[number | null]>,
    unread ? '' : text(child.stdout),
    text(child.stderr),
  ]);
  return { code, stdout, stderr };
}

export const STACK_TRACE = /^\s+at .+:\d+:\d+/m;
