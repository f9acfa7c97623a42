import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { afterAll } from 'vitest';
import { type Migration, migrate } from '../migrate.ts';

/** A database for one spec file. */
export interface ScratchDatabase {
  readonly url: string;
  /** Also while there are connections to it. */
  drop(): Promise<void>;
}

/**
 * In a language that sorts otherwise than codes are sorted, as a database may well have it.
 *
 * @param adminUrl of a role that may create databases, and becomes the owner of the tables.
 */
export async function createScratchDatabase(adminUrl: string, migrations: readonly Migration[] = []): Promise<ScratchDatabase> {
  const name = `scratch_${randomUUID().replaceAll('-', '')}`;
  await runSql(adminUrl, `CREATE DATABASE ${name} TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US'`);
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  if (migrations.length > 0) await migrate({ url: url.href, ownerRole: url.username, migrations });
  return {
    url: url.href,
    drop: async () => void (await runSql(adminUrl, `DROP DATABASE ${name} WITH (FORCE)`)),
  };
}

/** Until the spec ends. Called at the top of its file; resolves to the URL. */
export async function databaseOfSpec(migrations: readonly Migration[]): Promise<string> {
  const scratch = await createScratchDatabase(process.env['TEST_DATABASE_URL']!, migrations);
  afterAll(() => scratch.drop());
  return scratch.url;
}

/** One statement on a connection of its own, which no pool of the code under test knows of. */
export async function runSql<Row extends object>(url: string, sql: string, params: readonly unknown[] = []): Promise<Row[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(sql, [...params])).rows;
  } finally {
    await client.end();
  }
}
