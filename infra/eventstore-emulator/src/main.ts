#!/usr/bin/env node
import { resolve } from 'node:path';
import { startEmulator } from './emulator.ts';
import { isLostAnswer } from './grpc/lost-answers.ts';
import { OptionsError, UsageError } from './options-error.ts';
import { HELP, type Options, parseOptions } from './options.ts';

const EXIT_USAGE = 64;
const EXIT_CONFIGURATION = 78;
const EXIT_TIMEOUT_MS = 4500;

async function run({ folder, ...options }: Options): Promise<void> {
  const stop = (): void => {
    setTimeout(() => process.exit(1), EXIT_TIMEOUT_MS).unref();
    void emulator.close().then(() => process.exit(0));
  };
  const emulator = await startEmulator({ ...options, folder: resolve(folder) }, giveUp, stop);
  // Before it says that it is ready: whoever reads that may end it at once.
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  const trust = emulator.caFile === undefined ? '' : `, clients are to trust tlsCAFile=${emulator.caFile}`;
  console.log(`eventstore-emulator listens on ${options.host}:${emulator.port}, data in ${resolve(folder)}${trust}`);
}

process.on('uncaughtException', (cause) => {
  if (isLostAnswer(cause)) return;
  console.error(cause);
  process.exit(1);
});

/** What was acknowledged is on disk; a new process reads what there is. */
function giveUp(cause: unknown): never {
  explain(cause);
  process.exit(1);
}

function explain(cause: unknown): number {
  console.error(cause instanceof Error ? `eventstore-emulator: ${cause.message}` : cause);
  if (cause instanceof UsageError) {
    console.error(`\n${HELP}`);
    return EXIT_USAGE;
  }
  return cause instanceof OptionsError ? EXIT_CONFIGURATION : 1;
}

try {
  const options = parseOptions(process.argv.slice(2), process.env);
  if (options === null) console.log(HELP);
  else await run(options);
} catch (cause) {
  process.exitCode = explain(cause);
}
