import { randomUUID } from 'node:crypto';
import { migrate } from '@orderstream/postgres';
import { createScratchDatabase, runSql } from '@orderstream/postgres/testing';
import { logins, loginVariables } from '@orderstream/services';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DatabaseSettings, deployDatabases, plannedDatabases } from './databases.ts';
import { Refused } from './refused.ts';

const adminUrl = process.env['TEST_DATABASE_URL']!;

/** Databases and roles that nobody else on the server has. */
function scratchSettings(): DatabaseSettings {
  const run = randomUUID().slice(0, 8);
  const urlOf = (role: string, database: string): string => {
    const url = new URL(adminUrl);
    url.username = `${role}_${run}`;
    url.password = encodeURIComponent('p@ss\'w"rd/%');
    url.pathname = `/${database}_${run}`;
    return url.href;
  };
  const urls = loginVariables.map((variable) => [variable, urlOf(logins[variable].role, logins[variable].database)]);
  return Object.fromEntries(urls) as DatabaseSettings;
}
const deploy = (settings: DatabaseSettings): Promise<string[]> => deployDatabases(adminUrl, plannedDatabases(settings));
const at = (url: string, part: 'pathname' | 'username' | 'password', value: string): string =>
  Object.assign(new URL(url), { [part]: value }).href;
const databaseOf = (url: string): string => new URL(url).pathname.slice(1);

async function discard(settings: DatabaseSettings): Promise<void> {
  const urls: string[] = Object.values(settings);
  const databases = new Set(urls.map(databaseOf));
  for (const database of databases) await runSql(adminUrl, `DROP DATABASE IF EXISTS ${database} WITH (FORCE)`);
  const roles = [...urls.map((url) => new URL(url).username), ...[...databases].map((database) => `${database}_owner`)];
  for (const role of roles) await runSql(adminUrl, `DROP ROLE IF EXISTS ${role}`);
}

const settings = scratchSettings();
const { ORDER_DATABASE_URL: service } = settings;
const services = loginVariables.filter((variable) => logins[variable].database !== 'personal_data').map((variable) => settings[variable]);
let firstRun: string[];

beforeAll(async () => {
  firstRun = await deploy(settings);
});
afterAll(() => discard(settings));

/** The table of migrations that releases before this one left, which ran them with TypeORM; never to be changed. */
const TABLE_BEFORE = `CREATE TABLE "migrations" ("id" SERIAL NOT NULL, "timestamp" bigint NOT NULL, "name" character varying NOT NULL,
  CONSTRAINT "PK_8c82d7f526340ab734260ea46be" PRIMARY KEY ("id"))`;
const ROWS_BEFORE: Readonly<Record<string, string>> = {
  order_service: `(1, 1, 'PlatformTables0000000000001'), (2, 1, 'ReadModels0000000000001'), (3, 2, 'CancellationAndStatuses0000000000002')`,
  inventory_service: `(1, 1, 'PlatformTables0000000000001'), (2, 1, 'ReadModels0000000000001'), (3, 2, 'StockInCodeOrder0000000000002')`,
  payment_service: `(1, 1, 'PlatformTables0000000000001'), (2, 2, 'PaymentTables0000000000002'),
    (3, 3, 'VoidsAndRefunds0000000000003'), (4, 4, 'Leases0000000000004')`,
  shipping_service: `(1, 1, 'PlatformTables0000000000001'), (2, 1, 'ReadModels0000000000001'),
    (3, 2, 'Cancellations0000000000002'), (4, 3, 'Leases0000000000003')`,
  personal_data: `(1, 1, 'CustomerKey0000000000001')`,
};
const HISTORY = 'SELECT id, timestamp, name FROM migrations ORDER BY id';

const NOT_ALLOWED = { code: '42501' };

describe('A deployment of the databases', () => {
  it('gives every service its tables, which it may read and write', async () => {
    for (const url of services) {
      await runSql(url, `INSERT INTO projection_position (group_name, topic, partition, next_offset) VALUES ('g', 't', 0, 0)`);
      await runSql(url, `UPDATE projection_position SET next_offset = 1`);
      expect(await runSql(url, 'DELETE FROM projection_position RETURNING next_offset')).toEqual([{ next_offset: '1' }]);
    }
  });

  it('runs every migration once, whoever repeats it', async () => {
    expect(firstRun).toEqual(expect.arrayContaining(['PlatformTables0000000000001', 'CustomerKey0000000000001']));
    expect(await deploy(settings)).toEqual([]);
  });

  it('changes a role’s password with the setting', async () => {
    const before = settings.ORDER_DATABASE_URL;
    const changed = at(before, 'password', 'another');
    await deploy({ ...settings, ORDER_DATABASE_URL: changed });
    await expect(runSql(before, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
    expect(await runSql(changed, 'SELECT 1 AS n')).toEqual([{ n: 1 }]);
    await deploy(settings);
  });

  it('may happen twice at once', async () => {
    const fresh = scratchSettings();
    try {
      const [one, other] = await Promise.all([deploy(fresh), deploy(fresh)]);
      expect([...one, ...other].sort()).toEqual(firstRun.toSorted());
    } finally {
      await discard(fresh);
    }
  });

  it.each([
    [
      'the administrator’s role',
      (mine: DatabaseSettings) => ({ ...mine, ORDER_DATABASE_URL: at(mine.ORDER_DATABASE_URL, 'username', new URL(adminUrl).username) }),
    ],
    [
      'one role for two databases',
      (mine: DatabaseSettings) => ({
        ...mine,
        ORDER_DATABASE_URL: at(mine.ORDER_DATABASE_URL, 'username', new URL(mine.PERSONAL_DATA_READER_URL).username),
      }),
    ],
    [
      'a role without a password',
      (mine: DatabaseSettings) => ({ ...mine, ORDER_DATABASE_URL: at(mine.ORDER_DATABASE_URL, 'password', '') }),
    ],
    [
      'writer and reader in two databases',
      (mine: DatabaseSettings) => ({ ...mine, PERSONAL_DATA_READER_URL: at(mine.PERSONAL_DATA_READER_URL, 'pathname', '/elsewhere') }),
    ],
  ])('is refused with %s, before anything is made', async (_, spoil) => {
    const fresh = scratchSettings();
    await expect(deploy(spoil(fresh))).rejects.toBeInstanceOf(Refused);
    expect(await runSql(adminUrl, 'SELECT FROM pg_database WHERE datname = $1', [databaseOf(fresh.ORDER_DATABASE_URL)])).toEqual([]);
  });
});

describe.each(Object.entries(ROWS_BEFORE))('The database %s of a release before', (name, rows) => {
  const { logins, migrations } = plannedDatabases(settings).find(({ logins: [login] }) => databaseOf(login!.url).startsWith(name))!;

  it('has nothing run again', async () => {
    const scratch = await createScratchDatabase(adminUrl);
    await runSql(scratch.url, TABLE_BEFORE);
    await runSql(scratch.url, `INSERT INTO migrations (id, timestamp, name) VALUES ${rows}`);
    const before = await runSql<{ name: string }>(scratch.url, HISTORY);
    const ofBefore = migrations.filter((migration) => before.some((row) => row.name === migration.name));
    expect(ofBefore).toHaveLength(before.length);
    expect(await migrate({ url: scratch.url, ownerRole: decodeURIComponent(new URL(adminUrl).username), migrations: ofBefore })).toEqual(
      [],
    );
    expect(await runSql(scratch.url, HISTORY)).toEqual(before);
    // Whatever was run would have left a table, or failed for want of one.
    expect(await runSql(scratch.url, `SELECT tablename FROM pg_tables WHERE schemaname = 'public'`)).toEqual([{ tablename: 'migrations' }]);
    await scratch.drop();
  });

  it('looks to that release like one that this release made, so that deploying it again changes nothing', async () => {
    const { length } = await runSql(adminUrl, `VALUES ${rows}`);
    const here = at(adminUrl, 'pathname', `/${databaseOf(logins[0]!.url)}`);
    const before = await runSql(here, `SELECT * FROM (VALUES ${rows}) AS before (id, timestamp, name) ORDER BY id`);
    expect(await runSql(here, `SELECT id, timestamp::int, name FROM migrations ORDER BY id LIMIT ${length}`)).toEqual(before);
  });
});

describe('The role of a service', () => {
  it('can not open the database of another one, nor the administrator’s', async () => {
    const others = [adminUrl, ...Object.values(settings)].map(databaseOf).filter((database) => database !== databaseOf(service));
    expect(others.length).toBeGreaterThan(1);
    for (const database of others)
      await expect(runSql(at(service, 'pathname', `/${database}`), 'SELECT 1')).rejects.toMatchObject(NOT_ALLOWED);
    expect(await runSql(service, 'SELECT 1 AS n')).toEqual([{ n: 1 }]);
  });

  it.each([
    'CREATE TABLE mine (id int)',
    'CREATE TEMP TABLE mine (id int)',
    'CREATE SCHEMA mine',
    'ALTER TABLE parked_event ADD COLUMN mine int',
    'DROP TABLE parked_event',
    'TRUNCATE parked_event',
    'CREATE INDEX mine ON parked_event (cause)',
    'CREATE DATABASE mine',
    'CREATE ROLE mine',
  ])('has no DDL: %s', async (ddl) => {
    await expect(runSql(service, ddl)).rejects.toMatchObject(NOT_ALLOWED);
  });

  it('can not become the owner of its tables, and the owner can not log in', async () => {
    const owner = `${databaseOf(service)}_owner`;
    await expect(runSql(service, `SET ROLE ${owner}`)).rejects.toMatchObject(NOT_ALLOWED);
    await expect(runSql(at(service, 'username', owner), 'SELECT 1')).rejects.toMatchObject({ code: expect.stringMatching(/^28/) });
  });
});

describe('The keys of personal data', () => {
  const { PERSONAL_DATA_WRITER_URL: writer, PERSONAL_DATA_READER_URL: reader } = settings;
  const key = Buffer.alloc(32, 1);

  it('are written by one role and read by another', async () => {
    const customerId = randomUUID();
    await runSql(writer, 'INSERT INTO customer_key (customer_id, key) VALUES ($1, $2)', [customerId, key]);
    expect(await runSql(reader, 'SELECT key FROM customer_key WHERE customer_id = $1', [customerId])).toEqual([{ key }]);
    await expect(runSql(reader, 'DELETE FROM customer_key')).rejects.toMatchObject(NOT_ALLOWED);
    await expect(runSql(reader, 'INSERT INTO customer_key (customer_id, key) VALUES ($1, $2)', [randomUUID(), key])).rejects.toMatchObject(
      NOT_ALLOWED,
    );
    await expect(runSql(reader, 'UPDATE customer_key SET key = key')).rejects.toMatchObject(NOT_ALLOWED);
    await runSql(writer, 'DELETE FROM customer_key WHERE customer_id = $1', [customerId]);
  });
});
