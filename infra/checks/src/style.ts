// Checks rules of style that the linter doesn't know. Run: node infra/checks/src/style.ts
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { linesAboutTheShop } from './shop-words.ts';

export interface Finding {
  readonly rule: string;
  readonly line: number;
}

const LONGEST_FILE_LINES = 300;
const isTest = (file: string): boolean => /\.spec\.ts$|\/testing\//.test(file);
const isBarrel = (file: string): boolean => /^libs\/[^/]+\/src\/(testing\/)?index\.ts$/.test(file);
/** The events are the shop's, and personal data is a customer's. Tests may use the shop for their stories. */
const knowsNoShop = (file: string): boolean => /^libs\/(?!(contracts|personal-data)\/)/.test(file) && !isTest(file);
const isGenerated = (file: string): boolean => file.endsWith('/generated.ts');

/** Each rule's pattern; a match in code or comment is a finding. */
const forbidden: readonly { readonly rule: string; readonly pattern: RegExp; readonly where?: (file: string) => boolean }[] = [
  { rule: 'marker', pattern: /\b(TODO|FIXME|XXX|HACK)\b/ },
  { rule: 'skipped-test', pattern: /\b(it|test|describe)\.(skip|only|todo|fails)\b/ },
  { rule: 'inline-disable', pattern: /(oxlint|eslint)-disable|@ts-(ignore|expect-error|nocheck)|depcruise-ignore/ },
  { rule: 'returned-never', pattern: /return .* satisfies never/ },
  { rule: 'sleeping-test', pattern: /\b(sleep|delay)\(\d|setTimeout\([^,()]*resolve\w*, ?\d/, where: isTest },
  { rule: 'wildcard-expected-revision', pattern: /expectedRevision: ?('any'|ANY)\b/ },
];

export function findings(file: string, text: string): Finding[] {
  const lines = text.split('\n');
  const found = lines.flatMap((content, index) =>
    forbidden
      .filter(({ pattern, where }) => (where === undefined || where(file)) && pattern.test(content))
      .map(({ rule }) => ({ rule, line: index + 1 })),
  );
  if (lines.length > LONGEST_FILE_LINES && !isTest(file) && !isGenerated(file)) found.push({ rule: 'long-file', line: LONGEST_FILE_LINES });
  if (knowsNoShop(file)) found.push(...linesAboutTheShop(text).map((line) => ({ rule: 'shop-in-library', line })));
  const code = lines.filter((content) => content.trim() !== '' && !/^\s*(\/\/|\/\*|\*)/.test(content));
  const reexports = code.filter((content) => /^export (type )?[*{].* from /.test(content));
  if (code.length > 0 && reexports.length === code.length && !isBarrel(file)) found.push({ rule: 'only-re-exports', line: 1 });
  return found;
}

if (process.argv[1] === import.meta.filename) {
  const self = 'infra/checks/src/style';
  const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.ts', '*.mjs'], { encoding: 'utf8' })
    .split('\n')
    .filter((file) => file !== '' && !file.startsWith(self));
  const found = files.flatMap((file) => findings(file, readFileSync(file, 'utf8')).map((each) => ({ file, ...each })));
  for (const { file, line, rule } of found) console.error(`${rule}: ${file}:${line}`);
  console.log(found.length === 0 ? `style: ${files.length} files` : `style: ${found.length} findings`);
  process.exitCode = found.length === 0 ? 0 : 1;
}
