import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Citation, type Row, hasCase, rowsOf } from './fidelity-page.ts';

const APP = join(import.meta.dirname, '..');
const rows = rowsOf(readFileSync(join(APP, '../../docs/eventstore-fidelity.md'), 'utf8'));
const GROUPS = [
  'Streams',
  'Reads',
  'Subscriptions',
  'Persistent subscriptions',
  'Projections',
  'Security',
  'Durability',
  'HTTP',
  'Options',
];

/** What is wrong with a citation; undefined when its file has that case. */
function mistakeOf({ spec, title }: Citation): string | undefined {
  const file = [`test/${spec}.int.spec.ts`, `${spec}.spec.ts`].find((each) => existsSync(join(APP, each)));
  if (file === undefined) return `there are no tests "${spec}"`;
  return hasCase(readFileSync(join(APP, file), 'utf8'), title) ? undefined : `${file} has no case "${title}"`;
}

function complaintsAbout({ table, what, line, citations }: Row): string[] {
  const found = citations.length === 0 ? ['it names no case'] : citations.flatMap((citation) => mistakeOf(citation) ?? []);
  return found.map((mistake) => `docs/eventstore-fidelity.md:${line} (${table}: ${what}): ${mistake}`);
}

describe('The page of fidelity', () => {
  it('names cases in every row, and each of them is there', () => {
    expect(rows.flatMap(complaintsAbout)).toEqual([]);
  });

  it('has three tables, in the order of its groups', () => {
    expect([...new Set(rows.map(({ table }) => table))]).toEqual(['Faithful', 'Different', 'Absent']);
    for (const table of ['Faithful', 'Different', 'Absent']) {
      const groups = [...new Set(rows.filter((row) => row.table === table).map(({ about }) => about))];
      expect(groups).toEqual(GROUPS.filter((group) => groups.includes(group)));
    }
  });
});

describe('A row', () => {
  it('is told by its table and its line, with all that it names', () => {
    const page = '## Absent\n\n| About | What | Where |\n|---|---|---|\n| Reads | None. | `a/b` "is "%s", twice", `src/c` "d" |';
    expect(rowsOf(page)).toEqual([
      {
        table: 'Absent',
        about: 'Reads',
        what: 'None.',
        line: 5,
        citations: [
          { spec: 'a/b', title: 'is "%s", twice' },
          { spec: 'src/c', title: 'd' },
        ],
      },
    ]);
    expect(() => rowsOf('| a | b | c | d |')).toThrow('Line 1 is no row of three cells');
  });

  it('is found out when it names what is not there', () => {
    const row = { table: 'Absent', about: 'Reads', what: 'None.', line: 5 };
    expect(complaintsAbout({ ...row, citations: [] })).toEqual(['docs/eventstore-fidelity.md:5 (Absent: None.): it names no case']);
    expect(complaintsAbout({ ...row, citations: [{ spec: 'nothing', title: 'x' }] })[0]).toContain('there are no tests "nothing"');
    expect(complaintsAbout({ ...row, citations: [{ spec: 'absent', title: 'x' }] })[0]).toContain(
      'test/absent.int.spec.ts has no case "x"',
    );
  });

  it('names a case by its whole title: of one case, of several, or of one row among several', () => {
    const source =
      "it('one\\'s', () => {});\nit.each([\n  ['a row', 1],\n])('of %s', () => {});\ndescribe('a suite', () => {});\nsay('text', 'one');";
    expect(["one's", 'a row', 'of %s'].filter((title) => !hasCase(source, title))).toEqual([]);
    expect(['one', 'row', 'a suite', 'text', 'of .s'].filter((title) => hasCase(source, title))).toEqual([]);
  });
});
