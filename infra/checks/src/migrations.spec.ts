import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { type Migration, platformTables } from '@orderstream/postgres';
import { describe, expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '../../..');
const SUMS = 'infra/checks/src/migrations.sha256';
const PLATFORM = 'libs/postgres/src/migrations';
const folders = globSync('{apps,libs}/*/src/migrations', { cwd: root }).sort();

const importFrom = (file: string): Promise<Record<string, unknown>> => import(path.join(root, file));

/** The files of a folder, in the order of their numbers, each with the migration that it holds. */
async function migrationsIn(folder: string): Promise<[file: string, migration: Migration][]> {
  const files = globSync(`${folder}/[0-9]*.ts`, { cwd: root }).filter((file) => !file.endsWith('.spec.ts'));
  return Promise.all(
    files.sort().map(async (file): Promise<[string, Migration]> => {
      const [migration, ...others] = Object.values(await importFrom(file)) as Migration[];
      if (migration === undefined || others.length > 0) throw new Error(`${file} must hold one migration`);
      return [file, migration];
    }),
  );
}

/** Of an app with a file of its own for a database: the SQL of each, by the file and its number. */
async function bookMigrations(): Promise<[name: string, sql: string][]> {
  const files = globSync('apps/*/src/book-schema.ts', { cwd: root });
  const found = files.map(async (file) =>
    ((await importFrom(file))['MIGRATIONS'] as readonly string[]).map((sql, index): [string, string] => [`${file} ${index + 1}`, sql]),
  );
  return (await Promise.all(found)).flat();
}

/** `0002-stock-in-code-order.ts` holds `StockInCodeOrder0000000000002`. */
function nameIn(file: string): string {
  const [number, ...words] = path.basename(file, '.ts').split('-');
  return words.map((word) => `${word[0]!.toUpperCase()}${word.slice(1)}`).join('') + number!.padStart(13, '0');
}

/** Where SQL differs from what databases have run, each with what to do. `sums` has lines as sha256sum writes them. */
function complaints(sqlOf: ReadonlyMap<string, string>, sums: string): string[] {
  const sumOf = new Map([...sums.matchAll(/^(\S+) {2}(.+)$/gm)].map(([, sum, name]) => [name!, sum!]));
  const gone = [...sumOf.keys()]
    .filter((name) => !sqlOf.has(name))
    .map((name) => `${name} is gone, and databases have it: bring it back, and write a new migration that undoes it.`);
  const other = [...sqlOf].flatMap(([name, sql]) => {
    const sum = createHash('sha256').update(sql).digest('hex');
    const wanted = sumOf.get(name);
    if (wanted === undefined) {
      const advice = `from its first deployment on it can't be changed. When it is right, add this line to ${SUMS}`;
      return [`${name} has no sum: ${advice}:\n${sum}  ${name}`];
    }
    return wanted === sum
      ? []
      : [`${name} has other SQL than databases that have run it: take the change back, and write a new migration.`];
  });
  return [...gone, ...other];
}

describe('The SQL of a migration', () => {
  it('is for ever what its sum says', async () => {
    const files = (await Promise.all(folders.map(migrationsIn))).flat();
    const sqlOf = new Map([...files.map(([file, { sql }]): [string, string] => [file, sql]), ...(await bookMigrations())]);
    const found = complaints(sqlOf, readFileSync(path.join(root, SUMS), 'utf8'));
    expect(found, found.join('\n')).toEqual([]);
  });

  it('can not be changed, added without a sum, or taken away', () => {
    const sums = `${'0'.repeat(64)}  changed.ts\n${'1'.repeat(64)}  gone.ts\n`;
    expect(complaints(new Map(Object.entries({ 'changed.ts': 'SELECT 1', 'new.ts': 'SELECT 1' })), sums)).toEqual([
      expect.stringMatching(/^gone\.ts is gone, .*: bring it back/),
      expect.stringMatching(/^changed\.ts has other SQL .*: take the change back, and write a new migration/),
      expect.stringMatching(/^new\.ts has no sum: .* add this line to infra\/checks\/src\/migrations\.sha256:\n[0-9a-f]{64} {2}new\.ts$/),
    ]);
  });
});

describe.each(folders)('The migrations in %s', (folder) => {
  it('take nothing from elsewhere, where it may change', async () => {
    for (const [file] of await migrationsIn(folder)) {
      expect(readFileSync(path.join(root, file), 'utf8'), file).not.toMatch(/\$\{|^import (?!type )/m);
    }
  });

  it('are named as their files, those of the platform, and no others, as such', async () => {
    const files = await migrationsIn(folder);
    expect(files.map(([, { name }]) => name)).toEqual(files.map(([file]) => nameIn(file)));
    expect(files.map(([, { name }]) => name.startsWith('Platform'))).toEqual(files.map(() => folder === PLATFORM));
  });
});

describe.each(folders.filter((folder) => folder !== PLATFORM))('The database of %s', (folder) => {
  it('gets each of them, and each of the platform or none, in the order of their numbers', async () => {
    const [list] = Object.values(await importFrom(`${folder}/index.ts`)) as [readonly Migration[]];
    const own = (await migrationsIn(folder)).map(([, migration]) => migration);
    const platform = (await migrationsIn(PLATFORM)).map(([, migration]) => migration);
    expect(list.filter((migration) => !platform.includes(migration))).toEqual(own);
    expect(list.filter((migration) => platform.includes(migration))).toEqual(list.includes(platformTables) ? platform : []);
  });
});
