import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { migrate } from './migrate.ts';
import { PlatformTables0000000000001 } from './platform-tables.migration.ts';
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

class First0000000000002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE first (id int)');
    // Long enough for others that do not wait to start as well.
    await runner.query('SELECT pg_sleep(0.2)');
  }
  async down(): Promise<void> {}
}
class Broken0000000000003 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE half_done (id int)');
    await runner.query('SELECT 1 / 0');
  }
  async down(): Promise<void> {}
}
class Second0000000000003 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE second (id int)');
  }
  async down(): Promise<void> {}
}
class Altered0000000000004 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE half_done (id int)');
    await runner.query('ALTER TABLE first ADD COLUMN more int');
  }
  async down(): Promise<void> {}
}
class Unnumbered implements MigrationInterface {
  async up(): Promise<void> {}
  async down(): Promise<void> {}
}
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

describe('Migrations', () => {
  it('run once, as the owner of what they make', async () => {
    const migrations = [PlatformTables0000000000001, First0000000000002];
    expect(await migrate({ url, ownerRole, migrations })).toEqual(['PlatformTables0000000000001', 'First0000000000002']);
    expect(await migrate({ url, ownerRole, migrations })).toEqual([]);
    expect(await tables()).toEqual(['first', 'parked_event', 'projection_position'].map((name) => ({ name, owner: ownerRole })));
  });

  it('of several deployments at once run one after the other', async () => {
    const migrations = [PlatformTables0000000000001, First0000000000002];
    const run = await Promise.all([1, 2, 3].map(() => migrate({ url, ownerRole, migrations })));
    expect(run.map(({ length }) => length).sort()).toEqual([0, 0, 2]);
    expect(await tables()).toHaveLength(3);
  });

  it('that fail leave nothing of themselves, and keep what came before them', async () => {
    const migrations = [PlatformTables0000000000001, Broken0000000000003];
    await expect(migrate({ url, ownerRole, migrations })).rejects.toThrow('division by zero');
    expect(await tables()).toHaveLength(2);
    expect(await migrate({ url, ownerRole, migrations: [PlatformTables0000000000001, First0000000000002] })).toEqual([
      'First0000000000002',
    ]);
  });

  it('wait for whoever works with a table, and run when that ends', async () => {
    await migrate({ url, ownerRole, migrations: [First0000000000002] });
    const reader = await holding('first');
    const migrating = migrate({ url, ownerRole, migrations: [First0000000000002, Second0000000000003, Altered0000000000004] });
    await untilRefused();
    await reader.end();
    expect(await migrating).toEqual(['Second0000000000003', 'Altered0000000000004']);
  });

  it('give up on a table that is never free, leave everything as it was, and say who is in the way', async () => {
    await migrate({ url, ownerRole, migrations: [First0000000000002] });
    const reader = await holding('first');
    const { rows } = await reader.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    const migrating = migrate({ url, ownerRole, migrations: [First0000000000002, Altered0000000000004] });
    await expect(migrating).rejects.toThrow(
      new RegExp(
        `^5 times a lock was not to be had within 1000 ms for: ALTER TABLE first ADD COLUMN more int\\. Locks are held by process ${rows[0]!.pid} \\(role \\w+, application 'a-long-report', in a transaction since [^,]+, on first\\)$`,
      ),
    );
    await reader.end();
    expect(await runSql(url, `SELECT FROM information_schema.columns WHERE table_name = 'first'`)).toHaveLength(1);
    expect(await migrate({ url, ownerRole, migrations: [First0000000000002, Altered0000000000004] })).toEqual(['Altered0000000000004']);
  });

  it('need a number in their name', async () => {
    await expect(migrate({ url, ownerRole, migrations: [Unnumbered] })).rejects.toThrow('Unnumbered');
  });
});
