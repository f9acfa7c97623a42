import { exec } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';

const root = join(import.meta.dirname, '../../..');

/** What a guide tells its reader to do, one after the other. */
export type Step =
  | { readonly kind: 'write'; readonly path: string; readonly text: string }
  | { readonly kind: 'edit'; readonly path: string; readonly edits: readonly Edit[] }
  | { readonly kind: 'run'; readonly command: string; readonly output: readonly string[] };

/** A place in a file, and what it becomes. */
interface Edit {
  readonly before: string;
  readonly after: string;
}

const BLOCK = /(?:^`([\w./-]+)`\n\n)?^```(\w+)\n([^]*?)^```$/gm;

/** A file's name above a block says where it goes; a diff changes the file, a console block runs, any other is the whole file. */
export function stepsOf(guide: string): Step[] {
  return [...guide.matchAll(BLOCK)].flatMap(([, path, language, body]): Step[] => {
    if (language === 'console') return runsIn(body!);
    if (path === undefined) throw new Error(`a ${language} block has no file's name above it:\n${body}`);
    return [language === 'diff' ? { kind: 'edit', path, edits: editsIn(body!) } : { kind: 'write', path, text: body! }];
  });
}

function editsIn(diff: string): Edit[] {
  const side = (hunk: string, sign: '-' | '+'): string =>
    hunk
      .split('\n')
      .filter((line) => line.startsWith(sign) || line.startsWith(' '))
      .map((line) => `${line.slice(1)}\n`)
      .join('');
  return diff.split(/^@@\n/m).map((hunk) => ({ before: side(hunk, '-'), after: side(hunk, '+') }));
}

/** A command begins with a dollar and ends with the line that closes its quotes; what follows is expected of its output. */
function runsIn(console: string): Step[] {
  return console
    .split(/^\$ /m)
    .slice(1)
    .map((run) => {
      const lines = run.trimEnd().split('\n');
      let length = 1;
      while (lines.slice(0, length).join('\n').split('"').length % 2 === 0) length += 1;
      return { kind: 'run', command: lines.slice(0, length).join('\n'), output: lines.slice(length) };
    });
}

/** How many files are written and changed by hand; what is in the sources already is changed. */
export function filesByHand(steps: readonly Step[]): { readonly added: number; readonly changed: number } {
  const paths = new Set(steps.flatMap((step) => (step.kind === 'run' ? [] : [step.path])));
  const added = [...paths].filter((path) => !existsSync(join(root, path))).length;
  return { added, changed: paths.size - added };
}

/** A line that is an ellipsis stands for any lines in its place. @throws unless the place is there exactly once. */
export function edited(text: string, { before, after }: Edit): string {
  const place = new RegExp(
    before
      .split('…\n')
      .map((part) => RegExp.escape(part))
      .join('[^]*?'),
    'g',
  );
  const places = before === '' ? 0 : [...text.matchAll(place)].length;
  if (places !== 1) throw new Error(`${places} places look like this:\n${before}`);
  return text.replace(place, () => after);
}

/** The lines of `expected` that do not come, in this order, in the output. An ellipsis stands for anything within a line. */
export function missingFrom(output: string, expected: readonly string[]): string[] {
  const lines = output.split('\n');
  return expected.filter((line) => {
    const at = lines.findIndex((candidate) => holds(candidate, line.split('…')));
    lines.splice(0, at + 1);
    return at === -1;
  });
}

function holds(line: string, parts: readonly string[]): boolean {
  let from = 0;
  return parts.every((part) => {
    const at = line.indexOf(part, from);
    from = at + part.length;
    return at !== -1;
  });
}

const NO_SOURCES = new Set(['node_modules', 'dist', '.git', '.nx', '.orderstream']);

/** The sources in a folder of their own, with the installed packages, so that a guide can be carried out on them. */
export function copyOfTheSources(): string {
  const copy = realpathSync(mkdtempSync(join(tmpdir(), 'orderstream-guide-')));
  cpSync(root, copy, { recursive: true, filter: (path) => !NO_SOURCES.has(basename(path)) });
  const packages = join(root, 'node_modules');
  mkdirSync(join(copy, 'node_modules/@orderstream'), { recursive: true });
  for (const name of readdirSync(packages)) {
    if (name === '.bin' || !(name.startsWith('.') || name === '@orderstream'))
      symlinkSync(join(packages, name), join(copy, 'node_modules', name));
  }
  linkOurs(copy);
  return copy;
}

/** What `npm install` does with our own packages, which are those of the copy: it links what the lock file says. */
function linkOurs(copy: string): void {
  const lock = JSON.parse(readFileSync(join(copy, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { link?: true; resolved: string }>;
  };
  for (const [link, { link: isLink, resolved }] of Object.entries(lock.packages)) {
    if (isLink !== true || existsSync(join(copy, link))) continue;
    symlinkSync(join(copy, resolved), join(copy, link));
    const itsOwn = join(root, resolved, 'node_modules');
    if (existsSync(itsOwn)) symlinkSync(itsOwn, join(copy, resolved, 'node_modules'));
  }
}

/** @throws when the step does not work as the guide says; a command fails exactly when its failing is expected. */
export async function carryOut(step: Step, copy: string): Promise<void> {
  switch (step.kind) {
    case 'write':
      mkdirSync(dirname(join(copy, step.path)), { recursive: true });
      writeFileSync(join(copy, step.path), step.text);
      return;
    case 'edit': {
      const file = join(copy, step.path);
      writeFileSync(file, step.edits.reduce(edited, readFileSync(file, 'utf8')));
      return;
    }
    case 'run': {
      const { code, output } = await run(step.command, copy);
      if (step.command === 'npm install') linkOurs(copy);
      const missing = missingFrom(output, step.output);
      const mayFail = step.output.some((line) => /error|FAIL/.test(line));
      if (missing.length > 0 || (code === 0) === mayFail) {
        throw new Error([`$ ${step.command}`, output, `exit code ${code}; missing: ${JSON.stringify(missing)}`].join('\n'));
      }
      return;
    }
    default:
      step satisfies never;
  }
}

function run(command: string, cwd: string): Promise<{ readonly code: number; readonly output: string }> {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('VITEST') && !['NODE_ENV', 'TEST'].includes(name));
  const env = {
    ...Object.fromEntries(inherited),
    NO_COLOR: '1',
    // It writes the lock file, from what is installed; `linkOurs` does the rest.
    npm_config_package_lock_only: 'true',
    npm_config_offline: 'true',
    PATH: `${join(cwd, 'node_modules/.bin')}${delimiter}${process.env['PATH']}`,
  };
  return new Promise((resolve) => {
    exec(command, { cwd, env }, (failure, stdout, stderr) =>
      resolve({ code: failure === null ? 0 : (failure.code ?? 1), output: `${stdout}${stderr}` }),
    );
  });
}
