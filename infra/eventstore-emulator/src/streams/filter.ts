import { Script, createContext } from 'node:vm';
import { dotnetPattern } from './dotnet-pattern.ts';

interface Filterable {
  readonly stream: string;
  readonly type: string;
}

/** Whether a reader of $all wants an event. @throws PatternTooSlow. */
export type EventFilter = (event: Filterable) => boolean;

/** Which events of a page a reader of $all wants: hardly dearer than asking for one. @throws PatternTooSlow. */
export type PageFilter = (events: readonly Filterable[]) => readonly boolean[];

export interface FilterExpression {
  readonly on: 'stream' | 'type';
  /** Wins over prefixes; empty means none. Unanchored and case-sensitive. */
  readonly regex: string;
  readonly prefixes: readonly string[];
}

/** A regular expression that backtracks for so long that everybody else would wait for it. */
export class PatternTooSlow extends Error {
  override readonly name = 'PatternTooSlow';
}

/** @throws SyntaxError when the regular expression is none. */
export function createFilter(expression: FilterExpression): EventFilter {
  const select = createPageFilter(expression);
  return (event) => select([event])[0]!;
}

/** @throws SyntaxError when the regular expression is none. */
export function createPageFilter({ on, regex, prefixes }: FilterExpression): PageFilter {
  if (regex !== '') {
    const matches = boundedMatcher(dotnetPattern(regex));
    return (events) => matches(events.map((event) => event[on]));
  }
  return (events) => events.map((event) => prefixes.some((prefix) => event[on].startsWith(prefix)));
}

/** For a page; an ordinary pattern needs microseconds. */
const TIME_LIMIT_MS = 100;
/** On a machine that is so busy that it has no time for us. */
const MOST_ATTEMPTS = 20;
/** Types recur, and so do streams of busy entities; a limited run costs more than a look-up. */
const REMEMBERED_TEXTS = 1000;

// Regular expressions run in the engine's own loop, which only a script with a time limit can be stopped in.
const realm = createContext({ pattern: /(?:)/, texts: [] as string[] });
const script = new Script('texts.map((text) => pattern.test(text))');

function boundedMatcher(pattern: RegExp): (texts: readonly string[]) => boolean[] {
  const known = new Map<string, boolean>();
  return (texts) => {
    const unknown = [...new Set(texts)].filter((text) => !known.has(text));
    if (known.size + unknown.length > REMEMBERED_TEXTS) {
      known.clear();
      unknown.splice(0, unknown.length, ...new Set(texts));
    }
    if (unknown.length > 0) {
      const results = runBounded(pattern, unknown);
      unknown.forEach((text, index) => known.set(text, results[index]!));
    }
    return texts.map((text) => known.get(text)!);
  };
}

/** Only time that was spent on the pattern counts: on a busy machine a process may stand still for longer than any limit. */
function runBounded(pattern: RegExp, texts: readonly string[]): readonly boolean[] {
  const spentMs = timer();
  Object.assign(realm, { pattern, texts });
  try {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return script.runInContext(realm, { timeout: TIME_LIMIT_MS }) as readonly boolean[];
      } catch (cause) {
        const mayTryAgain = wasStopped(cause) && spentMs() < TIME_LIMIT_MS / 2 && attempt < MOST_ATTEMPTS;
        if (!mayTryAgain) throw new PatternTooSlow('The regular expression takes too long.', { cause });
      }
    }
  } finally {
    Object.assign(realm, { pattern: null, texts: null });
  }
}

/** By the time limit. Errors come from another realm, so that their class says nothing. */
function wasStopped(cause: unknown): boolean {
  return typeof cause === 'object' && cause !== null && 'code' in cause && cause.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';
}

/** Tells how long this thread has worked since. */
function timer(): () => number {
  const { user, system } = process.threadCpuUsage();
  return () => {
    const now = process.threadCpuUsage();
    return (now.user + now.system - user - system) / 1000;
  };
}
