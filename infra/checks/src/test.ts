// npm test [-- PART …]: everything that must hold before a change lands. The last line counts: N passed, N failed.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { runCommand, WrongArguments } from '../../local/src/command.ts';

export interface Count {
  readonly passed: number;
  readonly failed: number;
}

/** A suite's, with a line for each test or file that failed. */
export interface SuiteCount extends Count {
  readonly failures: readonly string[];
}

/** The parts of vitest's JSON report that are read. */
interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages?: readonly string[];
    }[];
  }[];
}

type Run = (command: string, args: readonly string[]) => Promise<number>;

const root = path.resolve(import.meta.dirname, '../../..');
const bin = (name: string): string => path.join(root, 'node_modules/.bin', name);
const INTERRUPTED = 130;
// kafkajs 2.2 computes a negative delay, which Node.js warns about in every test file.
const env = { ...process.env, NODE_OPTIONS: '--disable-warning=TimeoutNegativeWarning' };

const checks: Readonly<Record<string, readonly string[]>> = {
  types: [bin('tsc'), '-p', 'tsconfig.json'],
  format: [bin('oxfmt'), '--check'],
  lint: [bin('oxlint'), '--deny-warnings'],
  boundaries: [process.execPath, 'infra/checks/src/boundaries.ts'],
  style: [process.execPath, 'infra/checks/src/style.ts'],
};
/** Each suite's projects in vitest.config.ts. */
const suites: Readonly<Record<string, readonly string[]>> = {
  unit: ['unit'],
  integration: ['integration', 'conformance', 'conformance-kurrentdb'],
  acceptance: ['acceptance'],
};
export const parts = [...Object.keys(checks), ...Object.keys(suites)];

/** What a suite's JSON report says. One that failed without a failing test (a file that can't be loaded, an error
 * outside any test) counts one failure, and so does one that left no report. */
export function countOf(report: string | undefined, exitCode: number): SuiteCount {
  if (report === undefined) return { passed: 0, failed: 1, failures: ['no report was left'] };
  const { numPassedTests: passed, numFailedTests, testResults } = JSON.parse(report) as Report;
  const failed = exitCode !== 0 && numFailedTests === 0 ? 1 : numFailedTests;
  const failures = testResults.flatMap(failuresOf);
  return { passed, failed, failures: failed > 0 && failures.length === 0 ? ['something outside of any test: see above'] : failures };
}

function failuresOf({ name, status, message, assertionResults }: Report['testResults'][number]): string[] {
  const file = path.relative(root, name);
  const tests = assertionResults.filter((test) => test.status === 'failed');
  if (tests.length === 0) return status === 'failed' ? [`${file}: ${firstLine(message)}`] : [];
  return tests.map(({ fullName, failureMessages }) => `${file}: ${fullName}: ${firstLine(failureMessages?.[0] ?? '')}`);
}

const firstLine = (text: string): string => stripVTControlCharacters(text).split('\n')[0]!;

export function unknownParts(names: readonly string[]): string[] {
  return names.filter((name) => !parts.includes(name));
}

async function runSuite(projects: readonly string[], run: Run): Promise<SuiteCount> {
  const folder = mkdtempSync(path.join(tmpdir(), 'orderstream-report-'));
  const report = path.join(folder, 'report.json');
  try {
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
    const chosen = projects.flatMap((project) => ['--project', project]);
    const exitCode = await run(process.execPath, [path.join(root, 'node_modules/vitest/vitest.mjs'), 'run', ...chosen, ...reporters]);
    return countOf(existsSync(report) ? readFileSync(report, 'utf8') : undefined, exitCode);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runCheck([command, ...args]: readonly string[], run: Run): Promise<SuiteCount> {
  const exitCode = await run(command!, args);
  return exitCode === 0 ? { passed: 1, failed: 0, failures: [] } : { passed: 0, failed: 1, failures: [] };
}

/** Runs a program in the foreground; a signal to this process is passed on to it, and no part is begun after that. */
function runner(onSignal: () => void): Run {
  let current: ReturnType<typeof spawn> | undefined;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      onSignal();
      // A terminal sends Ctrl-C to the program itself.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) current?.kill(signal);
    });
  }
  return async (command, args) => {
    current = spawn(command, args, { cwd: root, stdio: 'inherit', env });
    const [code] = (await once(current, 'exit')) as [number | null];
    return code ?? 1;
  };
}

async function main(names: readonly string[]): Promise<number> {
  let interrupted = false;
  const run = runner(() => (interrupted = true));
  const counts: (SuiteCount & { readonly name: string; readonly seconds: number })[] = [];
  for (const name of parts.filter((part) => names.length === 0 || names.includes(part))) {
    if (interrupted) return INTERRUPTED;
    console.log(`\n── ${name}`);
    const startedAt = performance.now();
    const check = checks[name];
    const count = check === undefined ? await runSuite(suites[name]!, run) : await runCheck(check, run);
    counts.push({ ...count, name, seconds: (performance.now() - startedAt) / 1000 });
  }
  if (interrupted) return INTERRUPTED;
  console.log('');
  for (const { name, failures } of counts) for (const failure of failures) console.log(`✗ ${name}: ${failure}`);
  for (const { name, passed, failed, seconds } of counts) {
    console.log(
      `${name.padEnd(12)} ${String(passed).padStart(5)} passed ${String(failed).padStart(3)} failed  ${seconds.toFixed(1).padStart(6)} s`,
    );
  }
  const sum = (which: keyof Count): number => counts.reduce((total, count) => total + count[which], 0);
  console.log(`${sum('passed')} passed, ${sum('failed')} failed`);
  return sum('failed') === 0 ? 0 : 1;
}

if (process.argv[1] === import.meta.filename) {
  await runCommand(`npm test [-- PART …]\n\nParts: ${parts.join(', ')}; all of them when none is named.`, (names) => {
    const unknown = unknownParts(names);
    if (unknown.length > 0) throw new WrongArguments(`There is no part ${unknown.join(', ')}.`);
    return main(names);
  });
}
