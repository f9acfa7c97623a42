// npm run torture -- NAME [options]: what no test of a few seconds finds.
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HELP, UsageError, parseTorture } from './options.ts';
import { CannotRun } from './torture.ts';

const EXIT_USAGE = 64;
const EXIT_INTERRUPTED = 130;

const interrupted = new AbortController();
const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function main(args: readonly string[]): Promise<number> {
  const torture = parseTorture(args);
  if (torture === null) {
    say(HELP);
    return 0;
  }
  const scratch = mkdtempSync(join(tmpdir(), 'eventstore-torture-'));
  const folder = join(scratch, 'data');
  mkdirSync(folder);
  let isKept = false;
  try {
    say(`seed ${torture.seed}`);
    const { summary, violations, again } = await torture.run({ say, signal: interrupted.signal, folder, seed: torture.seed });
    isKept = violations.length > 0 && readdirSync(folder).length > 0;
    for (const violation of violations) say(`VIOLATION ${violation}`);
    if (violations.length > 0) say(`Again: npm run torture -- ${again}${isKept ? `\nData: ${folder}` : ''}`);
    say(`${violations.length === 0 ? 'holds' : 'VIOLATED'}: ${summary}`);
    return violations.length === 0 ? 0 : 1;
  } catch (cause) {
    if (interrupted.signal.aborted) return EXIT_INTERRUPTED;
    throw cause;
  } finally {
    // Whatever it started ends with it.
    interrupted.abort();
    if (!isKept) rmSync(scratch, { recursive: true, force: true });
  }
}

function explained(cause: unknown): string {
  if (cause instanceof UsageError) return `${cause.message}\n\n${HELP}`;
  return cause instanceof CannotRun ? cause.message : String((cause as Error).stack);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => interrupted.abort());
try {
  process.exitCode = await main(process.argv.slice(2));
} catch (cause) {
  process.stderr.write(`${explained(cause)}\n`);
  process.exitCode = cause instanceof UsageError ? EXIT_USAGE : 1;
}
