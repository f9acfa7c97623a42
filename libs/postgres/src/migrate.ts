import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '@orderstream/messaging';
import { Client, escapeIdentifier } from 'pg';

/** A step in the history of every database that has run it: neither its name nor its SQL changes any more. */
export interface Migration {
  /** Ends in its number, 13 digits. */
  readonly name: string;
  /** Statements, run in one transaction. Written out in full: anything taken from elsewhere may change. */
  readonly sql: string;
}

export interface MigrateOptions {
  /** A role that may act as the owner, in the database to migrate. */
  readonly url: string;
  /** Owns the tables; services' roles do not. */
  readonly ownerRole: string;
  /** In the order to be run. New ones are added at the end, so that every database gets them in the same order. */
  readonly migrations: readonly Migration[];
}

/** Any number that nothing else in a service's database locks. */
const LOCK = 4_071_993;
const CONNECTED_WITHIN_MS = 5_000;
/** Another deployment may have long migrations. */
const TURN_WITHIN_MS = 60_000;
/** Others queue behind a migration that waits for a table, so it waits only briefly, but several times. */
const LOCKED_WITHIN_MS = 1_000;
const ATTEMPTS = 5;
const PAUSE_MS = 500;

const LOCK_NOT_AVAILABLE = '55P03';
const MOST_NAMED = 5;

/** As TypeORM makes it: releases that ran their migrations with TypeORM read this table, and their databases have it. */
const HISTORY = `CREATE TABLE IF NOT EXISTS migrations (
  id serial CONSTRAINT "PK_8c82d7f526340ab734260ea46be" PRIMARY KEY,
  timestamp bigint NOT NULL,
  name varchar NOT NULL
)`;

/** Somebody else held a lock for longer than the deployment was ready to wait. Nothing of the migration is left. */
export class MigrationBlocked extends Error {
  override readonly name = 'MigrationBlocked';
}

/**
 * Brings a database up to date and resolves to the names of the migrations that it ran. Several at once take turns;
 * each migration is a transaction of its own. Those that only a newer release knows stay as they are.
 *
 * @throws MigrationBlocked naming who is in the way.
 */
export async function migrate({ url, ownerRole, migrations }: MigrateOptions): Promise<string[]> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: CONNECTED_WITHIN_MS, lock_timeout: TURN_WITHIN_MS });
  client.on('error', () => {}); // a connection that is lost fails the statement that waits for it, and gives the turn back
  try {
    await client.connect();
    await takeTurn(client);
    const { rows } = await inTransaction(client, ownerRole, 'the table of migrations', async () => {
      await client.query(HISTORY);
      return client.query<{ readonly name: string }>('SELECT name FROM migrations');
    });
    const known = new Set(rows.map(({ name }) => name));
    const pending = migrations.filter(({ name }) => !known.has(name));
    for (const { name, sql } of pending) {
      await inTransaction(client, ownerRole, name, async () => {
        await client.query(sql);
        await client.query('INSERT INTO migrations (timestamp, name) VALUES (right($1::text, 13)::bigint, $1)', [name]);
      });
    }
    return pending.map(({ name }) => name);
  } finally {
    await client.end();
  }
}

async function takeTurn(client: Client): Promise<void> {
  try {
    await client.query('SELECT pg_advisory_lock($1)', [LOCK]);
  } catch (fault) {
    if (!isLockTimeout(fault)) throw fault;
    const others = await holders(client, `locktype = 'advisory' AND classid = 0 AND objid = ${LOCK}`);
    throw new MigrationBlocked(`another deployment migrates this database for more than ${TURN_WITHIN_MS} ms: ${others}`, { cause: fault });
  }
}

/** As the owner; repeated while somebody has a lock that the work needs. */
async function inTransaction<Result>(client: Client, ownerRole: string, purpose: string, work: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      await client.query(`BEGIN; SET LOCAL ROLE ${escapeIdentifier(ownerRole)}; SET LOCAL lock_timeout = ${LOCKED_WITHIN_MS}`);
      const result = await work();
      await client.query('COMMIT');
      return result;
    } catch (fault) {
      await client.query('ROLLBACK').catch(() => {}); // the first error is the one to report
      if (!isLockTimeout(fault)) throw fault;
      if (attempt >= ATTEMPTS) {
        const others = await holders(client, `locktype = 'relation' AND relation >= 16384`);
        const wanted = `${ATTEMPTS} times a lock was not to be had within ${LOCKED_WITHIN_MS} ms for ${purpose}`;
        throw new MigrationBlocked(`${wanted}. Locks are held by ${others}`, { cause: fault });
      }
      await delay(PAUSE_MS);
    }
  }
}

function isLockTimeout(fault: unknown): boolean {
  return fault instanceof Error && 'code' in fault && fault.code === LOCK_NOT_AVAILABLE;
}

/** Who has locks of this kind in the database, the oldest transaction first; for a message. */
async function holders(client: Client, which: string): Promise<string> {
  const { rows } = await client
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
