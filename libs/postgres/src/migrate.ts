import { setTimeout as delay } from 'node:timers/promises';
import { beginningOf, messageOf } from '@orderstream/messaging';
import { Client } from 'pg';
import { DataSource, type MigrationInterface, QueryFailedError } from 'typeorm';

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
/** Another deployment may have long migrations. */
const TURN_WITHIN_MS = 60_000;
/** Everybody who comes later waits behind a migration that waits for a table, so it waits briefly, and rather several times. */
const LOCKED_WITHIN_MS = 1_000;
const ATTEMPTS = 5;
const PAUSE_MS = 500;

const LOCK_NOT_AVAILABLE = '55P03';
const MOST_NAMED = 5;
const LONGEST_STATEMENT = 200;

/** Somebody else had a lock that a deployment needs for as long as it was ready to wait. Nothing of the migration is left. */
export class MigrationBlocked extends Error {
  override readonly name = 'MigrationBlocked';
}

/**
 * Brings a database up to date and resolves to the names of what was run. Several at once do it one
 * after the other; each migration is a transaction of its own.
 *
 * @throws MigrationBlocked naming who is in the way.
 */
export async function migrate({ url, ownerRole, migrations }: MigrateOptions): Promise<string[]> {
  const lock = new Client({ connectionString: url, connectionTimeoutMillis: CONNECTED_WITHIN_MS, lock_timeout: TURN_WITHIN_MS });
  lock.on('error', () => {}); // the statements that run without the lock's connection report what is wrong
  const source = new DataSource({
    type: 'postgres',
    url,
    poolSize: 1,
    connectTimeoutMS: CONNECTED_WITHIN_MS,
    poolErrorHandler: () => {},
    extra: { options: `-c role=${ownerRole} -c lock_timeout=${LOCKED_WITHIN_MS}` },
    migrations: [...migrations],
    migrationsTransactionMode: 'each',
  });
  try {
    await lock.connect();
    await takeTurn(lock);
    await source.initialize();
    return await runPending(source, lock);
  } finally {
    if (source.isInitialized) await source.destroy();
    await lock.end();
  }
}

async function takeTurn(lock: Client): Promise<void> {
  try {
    await lock.query('SELECT pg_advisory_lock($1)', [LOCK]);
  } catch (fault) {
    if (!isLockTimeout(fault)) throw fault;
    const others = await holders(lock, `locktype = 'advisory' AND classid = 0 AND objid = ${LOCK}`);
    throw new MigrationBlocked(`another deployment migrates this database for more than ${TURN_WITHIN_MS} ms: ${others}`, { cause: fault });
  }
}

async function runPending(source: DataSource, lock: Client): Promise<string[]> {
  const before = new Set(await executed(source));
  for (let attempt = 1; ; attempt++) {
    try {
      await source.runMigrations();
      // An attempt that failed may have run some.
      return (await executed(source)).filter((name) => !before.has(name));
    } catch (fault) {
      if (!isLockTimeout(fault)) throw fault;
      if (attempt >= ATTEMPTS) {
        const others = await holders(lock, `locktype = 'relation' AND relation >= 16384`);
        const wanted = `${ATTEMPTS} times a lock was not to be had within ${LOCKED_WITHIN_MS} ms for: ${statementIn(fault)}`;
        throw new MigrationBlocked(`${wanted}. Locks are held by ${others}`, { cause: fault });
      }
      await delay(PAUSE_MS);
    }
  }
}

async function executed(source: DataSource): Promise<string[]> {
  const [table] = await source.query<{ readonly exists: boolean }[]>(`SELECT to_regclass('migrations') IS NOT NULL AS exists`);
  if (table?.exists !== true) return [];
  return (await source.query<{ readonly name: string }[]>('SELECT name FROM migrations ORDER BY id')).map(({ name }) => name);
}

function isLockTimeout(fault: unknown): boolean {
  return fault instanceof Error && 'code' in fault && fault.code === LOCK_NOT_AVAILABLE;
}

function statementIn(fault: unknown): string {
  const statement = fault instanceof QueryFailedError ? fault.query : messageOf(fault);
  return beginningOf(statement.replaceAll(/\s+/g, ' ').trim(), LONGEST_STATEMENT);
}

/** Who has locks of this kind in the database, the oldest transaction first; for a message. */
async function holders(on: Client, which: string): Promise<string> {
  const { rows } = await on
    .query<{ who: string }>(
      `SELECT format('process %s (role %s, application %L%s%s)', pid, usename, application_name,
         ', in a transaction since ' || xact_start, ', on ' || string_agg(DISTINCT relation::regclass::text, ' and ')) AS who
       FROM pg_locks JOIN pg_stat_activity USING (pid)
       WHERE granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND pid <> pg_backend_pid() AND ${which}
       GROUP BY pid, usename, application_name, xact_start ORDER BY xact_start LIMIT ${MOST_NAMED}`,
    )
    .catch((fault: unknown) => ({ rows: [{ who: `somebody who can't be told (${messageOf(fault)})` }] }));
  return rows.length === 0 ? 'nobody any more' : rows.map(({ who }) => who).join(', ');
}
