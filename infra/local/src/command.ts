// How every operator's command begins and ends.
import { Interrupted } from './interruption.ts';
import { WrongSetting } from './wrong-setting.ts';

/** The command was not understood. */
export class WrongArguments extends Error {
  override readonly name = 'WrongArguments';
}

/** The value of an option. @throws WrongArguments naming the option when it is no whole number, or smaller than `least`. */
export function wholeNumber(option: string, text: string, least: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < least) {
    throw new WrongArguments(`${option} ${text}: must be a whole number from ${least} up`);
  }
  return value;
}

const WRONG_USE = 64;
export const WRONG_SETTING = 78;

/** Errors that only a defect of ours throws, so that their stack is worth showing. */
const defects: readonly (new (...args: never[]) => Error)[] = [TypeError, ReferenceError, RangeError, SyntaxError];

function isDefect(fault: unknown): boolean {
  return !(fault instanceof Error) || (fault.cause === undefined && defects.some((kind) => fault instanceof kind));
}

const isWrongUse = (fault: unknown): boolean =>
  fault instanceof WrongArguments || (fault instanceof Error && 'code' in fault && String(fault.code).startsWith('ERR_PARSE_ARGS'));

/** Says why a command failed, and returns its exit code. */
function explain(fault: unknown, usage: string): number {
  if (fault instanceof Interrupted) return fault.exitCode;
  if (isWrongUse(fault)) {
    console.error(`${(fault as Error).message}\n\n${usage}`);
    return WRONG_USE;
  }
  console.error(isDefect(fault) ? fault : (fault as Error).message);
  return fault instanceof WrongSetting ? WRONG_SETTING : 1;
}

/** For a command that changes something: it goes on when nobody reads its output. */
export function goOnUnread(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
}

const asksForHelp = (args: readonly string[]): boolean => args.includes('--help') || args.includes('-h');

/** Ends the process when the work ends, whatever it has left open, with the code that it returns or that its fault has. */
export async function runToExit(usage: string, work: () => Promise<number>): Promise<never> {
  try {
    return process.exit(await work());
  } catch (fault) {
    return process.exit(explain(fault, usage));
  }
}

/**
 * Runs a command. Its exit code is what `run` returns; 64, with the usage, when it was not understood; 78 for a wrong
 * setting; and 1, with one sentence, when it failed.
 */
export async function runCommand(usage: string, run: (args: readonly string[]) => Promise<number>): Promise<never> {
  const args = process.argv.slice(2);
  return await runToExit(usage, async () => {
    if (!asksForHelp(args)) return await run(args);
    console.log(usage);
    return 0;
  });
}
