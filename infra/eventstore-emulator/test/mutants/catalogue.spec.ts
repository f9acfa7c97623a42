import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mutantNamed, mutants } from './catalogue.ts';
import { type Mutant, withMistake } from './mutant.ts';
import { specFile } from './verdict.ts';

const ROOT = join(import.meta.dirname, '../../../..');
const sourceOf = ({ file }: Mutant): string => readFileSync(join(import.meta.dirname, '../../src', file), 'utf8');

describe('Mutants', () => {
  it('have names of their own, as words with hyphens', () => {
    const names = mutants.map(({ name }) => name);
    expect(names).toEqual([...new Set(names)]);
    expect(names.filter((name) => !/^[a-z]+(-[a-z]+)+$/.test(name))).toEqual([]);
    expect(mutantNamed(names[0]!)).toBe(mutants[0]);
    expect(() => mutantNamed('none')).toThrow('There is no mutant "none"');
  });

  it.each(mutants.map((mutant) => [mutant.name, mutant] as const))(
    '%s: its text is once in its file, and what it makes of it can be loaded',
    (_name, mutant) => {
      const source = sourceOf(mutant);
      const mutated = withMistake(mutant, source);
      expect(mutated).not.toBe(source);
      expect(() => stripTypeScriptTypes(mutated)).not.toThrow();
    },
  );

  it('say what is wrong in one sentence, and which file of tests has to notice it', () => {
    expect(mutants.filter(({ mistake }) => !/^[A-Z$].*\.$/.test(mistake)).map(({ name }) => name)).toEqual([]);
    for (const mutant of mutants) expect(readFileSync(join(ROOT, specFile(mutant)), 'utf8')).toContain("from 'vitest'");
  });
});

describe('A mistake', () => {
  const mutant: Mutant = {
    name: 'm',
    mistake: 'Wrong.',
    file: 'a.ts',
    text: 'one',
    replacement: 'two',
    killedBy: { spec: 's', title: 't' },
  };

  it('is made where the text is, and nowhere else', () => {
    expect(withMistake(mutant, 'zero one three')).toBe('zero two three');
  });

  it('is not made when it is not clear where', () => {
    expect(() => withMistake(mutant, 'zero')).toThrow('m: src/a.ts does not contain: one');
    expect(() => withMistake(mutant, 'one one one')).toThrow('m: src/a.ts contains it 3 times: one');
  });
});
