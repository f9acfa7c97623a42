import { migrations as inventoryMigrations } from '@orderstream/inventory-service/migrations';
import { migrations as orderMigrations } from '@orderstream/order-service/migrations';
import { migrations as paymentMigrations } from '@orderstream/payment-service/migrations';
import { personalDataMigrations } from '@orderstream/personal-data';
import { type MigrateOptions, migrate } from '@orderstream/postgres';
import { migrations as shippingMigrations } from '@orderstream/shipping-service/migrations';
import pg from 'pg';

/** A role that logs in, and what it may do with every table of its database. */
export interface Login {
  /** Its name, password and database are taken from here. */
  readonly url: string;
  readonly may: 'write' | 'read';
}

export interface PlannedDatabase {
  readonly logins: readonly Login[];
  readonly migrations: MigrateOptions['migrations'];
}

export interface DatabaseSettings {
  readonly ADMIN_DATABASE_URL: string;
  readonly ORDER_DATABASE_URL: string;
  readonly INVENTORY_DATABASE_URL: string;
  readonly PAYMENT_DATABASE_URL: string;
  readonly SHIPPING_DATABASE_URL: string;
  readonly PERSONAL_DATA_WRITER_URL: string;
  readonly PERSONAL_DATA_READER_URL: string;
}

export function plannedDatabases(settings: DatabaseSettings): PlannedDatabase[] {
  return [
    { logins: [{ url: settings.ORDER_DATABASE_URL, may: 'write' }], migrations: orderMigrations },
    { logins: [{ url: settings.INVENTORY_DATABASE_URL, may: 'write' }], migrations: inventoryMigrations },
    { logins: [{ url: settings.PAYMENT_DATABASE_URL, may: 'write' }], migrations: paymentMigrations },
    { logins: [{ url: settings.SHIPPING_DATABASE_URL, may: 'write' }], migrations: shippingMigrations },
    {
      logins: [
        { url: settings.PERSONAL_DATA_WRITER_URL, may: 'write' },
        { url: settings.PERSONAL_DATA_READER_URL, may: 'read' },
      ],
      migrations: personalDataMigrations.map(({ name, sql }) =>
        class {
          readonly name = name;
          async up(runner: { query(text: string): Promise<unknown> }): Promise<void> {
            await runner.query(sql);
          }
          async down(): Promise<void> {
            throw new Error(`${name} is not taken back: keys would be lost`);
          }
        }),
    },
  ];
}

const LOCK = 4_071_994;
const RIGHTS = { write: 'SELECT, INSERT, UPDATE, DELETE', read: 'SELECT' } as const;

/**
 * Databases, roles and rights, then migrations; what is there stays. Tables belong to
 * `<database>_owner`, which can't log in; the services' roles have no DDL and may connect to no other database.
 *
 * @returns the names of the migrations that were run.
 */
export async function deployDatabases(adminUrl: string, planned: readonly PlannedDatabase[]): Promise<string[]> {
  const run: string[] = [];
  await withClient(adminUrl, async (admin) => {
    // Roles belong to the whole server: two deployments at once would trip over each other.
    await admin.query('SELECT pg_advisory_lock($1)', [LOCK]);
    for (const { logins, migrations } of planned) {
      const database = databaseOf(logins[0]!.url);
      const owner = `${database}_owner`;
      await createDatabase(admin, database, owner, logins);
      const url = inDatabase(adminUrl, database);
      await withClient(url, (client) => grantRights(client, owner, logins));
      run.push(...(await migrate({ url, ownerRole: owner, migrations })));
    }
  });
  return run;
}

async function createDatabase(admin: pg.Client, database: string, owner: string, logins: readonly Login[]): Promise<void> {
  const name = pg.escapeIdentifier(database);
  await createRole(admin, owner, 'NOLOGIN');
  const { rowCount } = await admin.query('SELECT FROM pg_database WHERE datname = $1', [database]);
  if (rowCount === 0) await admin.query(`CREATE DATABASE ${name} OWNER ${pg.escapeIdentifier(owner)}`);
  await admin.query(`REVOKE ALL ON DATABASE ${name} FROM PUBLIC`);
  for (const { url } of logins) {
    const { role, password } = roleOf(url);
    await createRole(admin, role, `LOGIN PASSWORD ${pg.escapeLiteral(password)}`);
    await admin.query(`GRANT CONNECT ON DATABASE ${name} TO ${pg.escapeIdentifier(role)}`);
  }
}

async function createRole(admin: pg.Client, role: string, attributes: string): Promise<void> {
  const { rowCount } = await admin.query('SELECT FROM pg_roles WHERE rolname = $1', [role]);
  const verb = rowCount === 0 ? 'CREATE' : 'ALTER';
  await admin.query(`${verb} ROLE ${pg.escapeIdentifier(role)} ${attributes} NOSUPERUSER NOCREATEDB NOCREATEROLE`);
}

/** Rights on the tables that the owner makes from now on, which are all: nobody else may make any. */
async function grantRights(client: pg.Client, owner: string, logins: readonly Login[]): Promise<void> {
  const by = pg.escapeIdentifier(owner);
  await client.query(`ALTER SCHEMA public OWNER TO ${by}`);
  await client.query('REVOKE ALL ON SCHEMA public FROM PUBLIC');
  for (const { url, may } of logins) {
    const role = pg.escapeIdentifier(roleOf(url).role);
    await client.query(`GRANT USAGE ON SCHEMA public TO ${role}`);
    await client.query(`ALTER DEFAULT PRIVILEGES FOR ROLE ${by} IN SCHEMA public GRANT ${RIGHTS[may]} ON TABLES TO ${role}`);
    if (may === 'write') {
      await client.query(`ALTER DEFAULT PRIVILEGES FOR ROLE ${by} IN SCHEMA public GRANT USAGE ON SEQUENCES TO ${role}`);
    }
  }
}

async function withClient(url: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

function roleOf(url: string): { readonly role: string; readonly password: string } {
  const { username, password } = new URL(url);
  return { role: decodeURIComponent(username), password: decodeURIComponent(password) };
}

function databaseOf(url: string): string {
  return decodeURIComponent(new URL(url).pathname.slice(1));
}

function inDatabase(url: string, database: string): string {
  const other = new URL(url);
  other.pathname = `/${encodeURIComponent(database)}`;
  return other.href;
}
