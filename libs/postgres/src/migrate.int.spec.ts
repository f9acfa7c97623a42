import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Migration, migrate } from './migrate.ts';
import { platformTables } from './migrations/0001-platform-tables.ts';
import { type ScratchDatabase, createScratchDatabase, runSql } from './testing/index.ts';

const adminUrl = process.env['TEST_DATABASE_URL']!;
const ownerRole = `owner_${randomUUID().replaceAll('-', '')}`;
const scratches: ScratchDatabase[] = [];
let url: string;

beforeAll(() => runSql(adminUrl, `CREATE ROLE ${ownerRole} NOLOGIN`));
beforeEach(async () => {
  const scratch = await createScratchDatabase(adminUrl);
  scratches.push(scratch);
  url = scratch.url;
  await runSql(url, `ALTER SCHEMA public OWNER TO ${ownerRole}`);
});
afterAll(async () => {
  for (const scratch of scratches) await scratch.drop();
  await runSql(adminUrl, `DROP ROLE ${ownerRole}`);
});

// Long enough for others that do not wait to start as well.
const first: Migration = { name: 'First0000000000002', sql: 'CREATE TABLE first (id int); SELECT pg_sleep(0.2)' };
const broken: Migration = { name: 'Broken0000000000003', sql: 'CREATE TABLE half_done (id int); SELECT 1 / 0' };
const second: Migration = { name: 'Second0000000000003', sql: 'CREATE TABLE second (id int)' };
const altered: Migration = { name: 'Altered0000000000004', sql: 'CREATE TABLE half_done (id int); ALTER TABLE first ADD COLUMN more int' };
const tables = (): Promise<object[]> =>
  runSql(
    url,
    `SELECT tablename AS name, tableowner AS owner FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'migrations' ORDER BY 1`,
  );

/** Somebody who reads a table and does not end the transaction. */
async function holding(table: string): Promise<Client> {
  const client = new Client({ connectionString: url, application_name: 'a-long-report' });
  await client.connect();
  await client.query('BEGIN');
  await client.query(`SELECT FROM ${table}`);
  return client;
}
/** Until an attempt of a migration has waited for a lock in vain: who waited for it is gone again. */
async function untilRefused(): Promise<void> {
  const waiting = (): Promise<object[]> => runSql(url, `SELECT FROM pg_locks WHERE NOT granted AND locktype = 'relation'`);
  await expect.poll(waiting, { timeout: 10_000 }).toHaveLength(1);
  await expect.poll(waiting, { timeout: 10_000 }).toHaveLength(0);
}

/** As earlier releases did it; resolves to what was run. */
async function runWithTypeOrm(...names: readonly string[]): Promise<string[]> {
  const migrations = names.map(
    (name) =>
      class {
        readonly name = name;
        async up(): Promise<void> {}
        async down(): Promise<void> {}
      },
  );
  const source = new DataSource({ type: 'postgres', url, extra: { options: `-c role=${ownerRole}` }, migrations });
  await source.initialize();
  const run = await source.runMigrations({ transaction: 'each' });
  await source.destroy();
  return run.map(({ name }) => name);
}

describe('Migrations', () => {
  it('run once, as the owner of what they make', async () => {
    const migrations = [platformTables, first];
    expect(await migrate({ url, ownerRole, migrations })).toEqual(['PlatformTables0000000000001', 'First0000000000002']);
    expect(await migrate({ url, ownerRole, migrations })).toEqual([]);
    expect(await tables()).toEqual(['first', 'parked_event', 'projection_position'].map((name) => ({ name, owner: ownerRole })));
  });

  it('of several deployments at once run one after the other', async () => {
    const migrations = [platformTables, first];
    const run = await Promise.all([1, 2, 3].map(() => migrate({ url, ownerRole, migrations })));
    expect(run.map(({ length }) => length).sort()).toEqual([0, 0, 2]);
    expect(await tables()).toHaveLength(3);
  });

  it('that fail leave nothing of themselves, and keep what came before them', async () => {
    const migrations = [platformTables, broken];
    await expect(migrate({ url, ownerRole, migrations })).rejects.toThrow('division by zero');
    expect(await tables()).toHaveLength(2);
    expect(await migrate({ url, ownerRole, migrations: [platformTables, first] })).toEqual(['First0000000000002']);
  });

  it('end with their connection, and leave the turn to the next', async () => {
    const endless: Migration = { ...first, sql: `${first.sql}; SELECT pg_sleep(600)` };
    const cut = expect(migrate({ url, ownerRole, migrations: [endless] })).rejects.toThrow('terminating connection');
    const terminate = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%pg_sleep(600)%'`;
    await expect.poll(() => runSql(url, terminate), { timeout: 10_000 }).toHaveLength(1);
    await cut;
    expect(await migrate({ url, ownerRole, migrations: [first] })).toEqual(['First0000000000002']);
  });

  it('wait for whoever works with a table, and run when that ends', async () => {
    await migrate({ url, ownerRole, migrations: [first] });
    const reader = await holding('first');
    const migrating = migrate({ url, ownerRole, migrations: [first, second, altered] });
    await untilRefused();
    await reader.end();
    expect(await migrating).toEqual(['Second0000000000003', 'Altered0000000000004']);
  });

  it('give up on a table that is never free, leave everything as it was, and say who is in the way', async () => {
    await migrate({ url, ownerRole, migrations: [first] });
    const reader = await holding('first');
    const { rows } = await reader.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    const migrating = migrate({ url, ownerRole, migrations: [first, altered] });
    await expect(migrating).rejects.toThrow(
      new RegExp(
        `^5 times a lock was not to be had within 1000 ms for Altered0000000000004\\. Locks are held by process ${rows[0]!.pid} \\(role \\w+, application 'a-long-report', in a transaction since [^,]+, on first\\)$`,
      ),
    );
    await reader.end();
    expect(await runSql(url, `SELECT FROM information_schema.columns WHERE table_name = 'first'`)).toHaveLength(1);
    expect(await migrate({ url, ownerRole, migrations: [first, altered] })).toEqual(['Altered0000000000004']);
  });

  it('are run in the order of their list, whatever their numbers, and each that a database lacks', async () => {
    const late: Migration = { name: 'Late0000000000001', sql: 'ALTER TABLE second ADD COLUMN more int' };
    expect(await migrate({ url, ownerRole, migrations: [second, late] })).toEqual(['Second0000000000003', 'Late0000000000001']);
    expect(await migrate({ url, ownerRole, migrations: [first, second, late] })).toEqual(['First0000000000002']);
  });

  it('that a newer release has run stay, when an older one deploys again', async () => {
    await migrate({ url, ownerRole, migrations: [first, second] });
    expect(await migrate({ url, ownerRole, migrations: [first] })).toEqual([]);
    expect(await migrate({ url, ownerRole, migrations: [first, second] })).toEqual([]);
    expect(await tables()).toHaveLength(2);
  });

  it('are known to releases that run theirs with TypeORM', async () => {
    await migrate({ url, ownerRole, migrations: [platformTables, first] });
    expect(await runWithTypeOrm('PlatformTables0000000000001', 'First0000000000002')).toEqual([]);
  });

  it('that TypeORM ran are known, and what comes after them is kept as TypeORM does', async () => {
    expect(await runWithTypeOrm('First0000000000002')).toEqual(['First0000000000002']);
    expect(await migrate({ url, ownerRole, migrations: [first, second] })).toEqual(['Second0000000000003']);
    expect(await runWithTypeOrm('First0000000000002', 'Second0000000000003', 'Altered0000000000004')).toEqual(['Altered0000000000004']);
    expect(await runSql(url, 'SELECT id, timestamp::int, name FROM migrations ORDER BY id')).toEqual([
      { id: 1, timestamp: 2, name: 'First0000000000002' },
      { id: 2, timestamp: 3, name: 'Second0000000000003' },
      { id: 3, timestamp: 4, name: 'Altered0000000000004' },
    ]);
  });

  it('need a number in their name', async () => {
    await expect(
      migrate({ url, ownerRole, migrations: [{ name: 'Unnumbered', sql: 'CREATE TABLE unnumbered (id int)' }] }),
    ).rejects.toThrow('Unnumbered');
    expect(await tables()).toEqual([]);
  });
});
