import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

interface Package {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

const root = path.resolve(import.meta.dirname, '../../..');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');
const folders = globSync('{apps,libs,infra}/*/package.json', { cwd: root }).map((file) => path.dirname(file));

/** The packages of ours that these sources import and that their own package does not name. */
function unnamed({ name, dependencies = {} }: Package, sources: readonly string[]): string[] {
  const imported = sources.flatMap((text) => [...text.matchAll(/ from '(@orderstream\/[^/']+)/g)].map(([, other]) => other!));
  return [...new Set(imported)].filter((other) => other !== name && !Object.hasOwn(dependencies, other));
}

describe('A package names every package of ours that it imports, which else may be built after it:', () => {
  it.each(folders)('%s', (folder) => {
    const sources = globSync(`${folder}/src/**/*.ts`, { cwd: root }).filter((file) => !file.endsWith('.spec.ts'));
    expect(unnamed(JSON.parse(read(`${folder}/package.json`)) as Package, sources.map(read))).toEqual([]);
  });

  it('one that does not is found', () => {
    const sources = ["import { a } from '@orderstream/kafka';", "import { b } from '@orderstream/order-service/consumers';"];
    const some = { name: '@orderstream/a', dependencies: { '@orderstream/kafka': '0.1.0' } };
    expect(unnamed(some, sources)).toEqual(['@orderstream/order-service']);
  });
});
