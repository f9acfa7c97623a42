import { randomUUID } from 'node:crypto';
import { Client } from 'pg';

/** An empty database for one spec file. */
export interface ScratchDatabase {
  readonly url: string;
  /** Also while there are connections to it. */
  drop(): Promise<void>;
}

/** @param adminUrl of a role that may create databases. */
export async function createScratchDatabase(adminUrl: string): Promise<ScratchDatabase> {
  const name = `scratch_${randomUUID().replaceAll('-', '')}`;
  await runSql(adminUrl, `CREATE DATABASE ${name}`);
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    drop: async () => void (await runSql(adminUrl, `DROP DATABASE ${name} WITH (FORCE)`)),
  };
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
