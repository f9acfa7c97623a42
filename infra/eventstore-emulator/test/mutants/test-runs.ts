import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Mutant } from './mutant.ts';
import { type TestResult, resultsOf, specFile } from './verdict.ts';

const ROOT = join(import.meta.dirname, '../../../..');
const VITEST = join(ROOT, 'node_modules/vitest/vitest.mjs');
const CONFIG = join(import.meta.dirname, 'vitest.config.ts');

/** Runs of vitest, each in a process group of its own, so that they end with all they started. */
export class TestRuns {
  readonly #folder = mkdtempSync(join(tmpdir(), 'emulator-mutants-'));
  readonly #running = new Set<ChildProcess>();
  #runs = 0;
  #isEnded = false;

  /** The tests of these mutants, without any of them. @throws Error when vitest left no report. */
  runWithout(mutants: readonly Mutant[]): Promise<TestResult[]> {
    return this.#run(mutants, [], {});
  }

  /** The tests of a mutant, with it. @throws Error when vitest left no report. */
  runWith(mutant: Mutant, timeLimitMs: number): Promise<TestResult[]> {
    return this.#run([mutant], [`--testTimeout=${Math.ceil(timeLimitMs)}`], { EVENTSTORE_MUTANT: mutant.name });
  }

  async #run(about: readonly Mutant[], options: readonly string[], added: Readonly<Record<string, string>>): Promise<TestResult[]> {
    // Everything that tests write goes with the folder, also when they are broken off.
    const folder = join(this.#folder, String((this.#runs += 1)));
    mkdirSync(folder);
    const report = join(folder, 'report.json');
    const files = [...new Set(about.map(specFile))];
    const titles = [...new Set(about.map(({ killedBy }) => RegExp.escape(killedBy.title)))].join('|');
    const args = [VITEST, 'run', '--config', CONFIG, '--reporter=json', `--outputFile=${report}`, '-t', titles, ...options, ...files];
    const child = spawn(process.execPath, args, {
      cwd: ROOT,
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
      env: { ...environment(folder), ...added },
    });
    this.#running.add(child);
    const errors: string[] = [];
    child.stderr.setEncoding('utf8').on('data', (text: string) => errors.push(text));
    await once(child, 'exit');
    endGroup(child);
    this.#running.delete(child);
    if (this.#isEnded) throw new Error('broken off');
    try {
      return resultsOf(readFileSync(report, 'utf8'));
    } catch (cause) {
      throw new Error(`vitest left no report: ${errors.join('')}`, { cause });
    } finally {
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    }
  }

  /** Ends what runs, and takes what it wrote with it. */
  async end(): Promise<void> {
    this.#isEnded = true;
    const exited = [...this.#running].map((child) => once(child, 'exit'));
    this.#running.forEach(endGroup);
    await Promise.all(exited);
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Without what a vitest around this one says to its own. */
function environment(folder: string): NodeJS.ProcessEnv {
  const { EVENTSTORE_MUTANT: _mutant, EVENTSTORE_URL: _url, ...env } = process.env;
  for (const name of Object.keys(env)) if (name.startsWith('VITEST')) delete env[name];
  return { ...env, TMPDIR: folder };
}

/** Also what a test that was broken off had started and could not end. */
function endGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ESRCH') throw cause;
  }
}
