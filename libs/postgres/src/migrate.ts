import { Client } from 'pg';
import { DataSource, type MigrationInterface } from 'typeorm';

export interface MigrateOptions {
  /** A role that may act as the owner, in the database to migrate. */
  readonly url: string;
  /** Owns the tables; services' roles do not. */
  readonly ownerRole: string;
  /** Oldest first. The names of the classes end in 13 digits, which order them. */
  readonly migrations: readonly (new () => MigrationInterface)[];
}

/** Any number that nothing else in a service's database locks. */
const LOCK = 4_071_993;
const CONNECTED_WITHIN_MS = 5_000;

/**
 * Brings a database up to date and resolves to the names of what was run. Several at once do it one
 * after the other; each migration is a transaction of its own.
 */
export async function migrate({ url, ownerRole, migrations }: MigrateOptions): Promise<string[]> {
  const lock = new Client({ connectionString: url, connectionTimeoutMillis: CONNECTED_WITHIN_MS });
  lock.on('error', () => {}); // the statements that run without the lock's connection report what is wrong
  const source = new DataSource({
    type: 'postgres',
    url,
    poolSize: 1,
    connectTimeoutMS: CONNECTED_WITHIN_MS,
    poolErrorHandler: () => {},
    extra: { options: `-c role=${ownerRole}` },
    migrations: [...migrations],
    migrationsTransactionMode: 'each',
  });
  try {
    await lock.connect();
    await lock.query('SELECT pg_advisory_lock($1)', [LOCK]);
    await source.initialize();
    return (await source.runMigrations()).map(({ name }) => name);
  } finally {
    if (source.isInitialized) await source.destroy();
    await lock.end();
  }
}
