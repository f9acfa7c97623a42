import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { EventStoreDBClient, ResolvedEvent } from '@eventstore/db-client';
import { connect } from './client-under-test.ts';

const MAIN = join(import.meta.dirname, '../src/main.ts');
/** With a mistake in it when the environment names one: such a run of a test is meant to fail. */
const MUTANT = process.env['EVENTSTORE_MUTANT'] === undefined ? [] : ['--import', join(import.meta.dirname, 'mutants/load.ts')];

/** No test has to wait longer than that to see it fail: files that start one when they are loaded have no other limit. */
const START_TIMEOUT_MS = 60_000;

export interface Start {
  /** The data folder; without it a new one that goes when the process is stopped. */
  readonly folder?: string;
  readonly args?: readonly string[];
  /** A module that is loaded before the emulator, to make something around it fail. */
  readonly preload?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** How secure it is, as arguments; without them it is not at all. */
  readonly mode?: readonly string[];
  /** Kills it. */
  readonly signal?: AbortSignal;
}

/** The process alone, before it has said anything. */
export function spawnEmulator(
  folder: string,
  { mode = ['--insecure'], preload, args = [], env, signal }: Start,
): ChildProcessByStdio<null, Readable, Readable> {
  const before = preload === undefined ? [] : ['--import', preload];
  const child = spawn(
    process.execPath,
    ['--conditions=@orderstream/source', ...MUTANT, ...before, MAIN, ...mode, '--port', '0', '--db', folder, ...args],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    },
  );
  const kill = (): void => void child.kill('SIGKILL');
  if (signal?.aborted === true) kill();
  signal?.addEventListener('abort', kill, { once: true });
  child.once('exit', () => signal?.removeEventListener('abort', kill));
  return child;
}

/** With TLS and credentials; `url` is the administrator's then. */
export const SECURE: Start = { mode: ['--dev'] };

/** The emulator from its sources, as a process of its own on a free port. */
export class EmulatorProcess {
  readonly folder: string;
  readonly port: number;
  readonly url: string;
  /** What it wrote when it was ready. */
  readonly startLine: string;
  /** What clients are to trust, when it speaks TLS. */
  readonly caFile: string | undefined;
  readonly #child: ChildProcess;
  readonly #errors: readonly string[];
  readonly #exited: Promise<[code: number | null, signal: NodeJS.Signals | null]>;
  readonly #clients: EventStoreDBClient[] = [];

  private constructor(folder: string, child: ChildProcess, startLine: string, errors: readonly string[]) {
    this.#errors = errors;
    this.folder = folder;
    this.#child = child;
    this.#exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
    this.startLine = startLine;
    this.port = Number(/:(\d+),/.exec(startLine)?.[1]);
    const [, caFile] = /tlsCAFile=(.+)$/.exec(startLine) ?? [];
    this.caFile = caFile;
    this.url = caFile === undefined ? `esdb://127.0.0.1:${this.port}?tls=false` : this.urlOf('admin:changeit');
  }

  /** With credentials. */
  urlOf(credentials: string): string {
    return `esdb://${credentials}@localhost:${this.port}?tls=true&tlsCAFile=${this.caFile}`;
  }

  /** @throws with what it wrote when it ends instead of starting, or does not start in time. */
  static async start(options: Start = {}): Promise<EmulatorProcess> {
    const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'eventstore-emulator-'));
    const child = spawnEmulator(folder, options);
    const errors: string[] = [];
    child.stderr.setEncoding('utf8').on('data', (text: string) => errors.push(text));
    const killed = setTimeout(() => child.kill('SIGKILL'), START_TIMEOUT_MS);
    const startLine = await new Promise<string>((resolve, reject) => {
      createInterface(child.stdout).once('line', resolve);
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`exit ${code}: ${errors.join('')}`)));
    }).finally(() => clearTimeout(killed));
    return new EmulatorProcess(folder, child, startLine, errors);
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** What it told its operator so far. */
  get errors(): string {
    return this.#errors.join('');
  }

  /** A client that is disposed of with the process. */
  client(options = ''): EventStoreDBClient {
    const client = connect(`${this.url}${options}`);
    this.#clients.push(client);
    return client;
  }

  /** Ends it and tells how it ended. The data stay. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill(signal);
    const [code, endedBy] = await this.#exited;
    await Promise.all(this.#clients.map((client) => client.dispose().catch(() => {})));
    return { code, signal: endedBy };
  }

  /** Tells how it ended by itself. */
  async exit(): Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }> {
    const [code, signal] = await this.#exited;
    return { code, signal };
  }

  /** Resolves when it ended by itself. */
  async ended(): Promise<NodeJS.Signals | null> {
    return (await this.#exited)[1];
  }

  /** Ends it and takes the data with it. */
  async remove(): Promise<void> {
    await this.end('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** The same data in a new process. */
  async restart(signal: NodeJS.Signals = 'SIGTERM', options: Start = {}): Promise<EmulatorProcess> {
    await this.end(signal);
    return EmulatorProcess.start({ ...options, folder: this.folder });
  }
}

/** What a read gives, in order. */
export async function read<Event extends ResolvedEvent>(events: AsyncIterable<Event>): Promise<NonNullable<Event['event']>[]> {
  return (await Array.fromAsync(events)).map(({ event }) => event!);
}
