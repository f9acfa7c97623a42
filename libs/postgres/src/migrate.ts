import pg from 'pg';
import { DataSource, type MigrationInterface } from 'typeorm';

export interface MigrateOptions {
  /** A role that may act as the owner, in the database to migrate. */
  readonly url: string;
  /** Owns the tables; services' roles do not. */
  readonly ownerRole: string;
  /** Oldest first. */
  readonly migrations: readonly (new () => MigrationInterface)[];
}

const LOCK = 4_071_993;

/**
 * Brings a database up to date and resolves to the names of what was run. Several at once do it one
 * after the other; each migration is a transaction of its own.
 */
export async function migrate({ url, ownerRole, migrations }: MigrateOptions): Promise<string[]> {
  const lock = new pg.Client({ connectionString: url });
  await lock.connect();
  const source = new DataSource({
    type: 'postgres',
    url,
    poolSize: 1,
    extra: { options: `-c role=${ownerRole}` },
    migrations: [...migrations],
    migrationsTransactionMode: 'each',
  });
  try {
    await lock.query('SELECT pg_advisory_lock($1)', [LOCK]);
    await source.initialize();
    return (await source.runMigrations()).map(({ name }) => name);
  } finally {
    if (source.isInitialized) await source.destroy();
    await lock.end();
  }
}
