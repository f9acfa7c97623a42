import { personalDataMigrations } from '@orderstream/personal-data';
import { type Migration, migrate } from '@orderstream/postgres';
import { databaseOf, type Login, type LoginVariable, logins, loginVariables, servicesWith } from '@orderstream/services';
import { Client, escapeIdentifier, escapeLiteral } from 'pg';
import { Refused } from './refused.ts';

export interface PlannedLogin extends Pick<Login, 'may'> {
  /** The names of role and database, and the password, are taken from here. */
  readonly url: string;
}

export interface PlannedDatabase {
  readonly logins: readonly PlannedLogin[];
  readonly migrations: readonly Migration[];
}

/** By database: what the service that it belongs to has in its package, and those of personal data. */
const migrationsOf = new Map<string, readonly Migration[]>([['personal_data', personalDataMigrations]]);
for (const service of servicesWith('DATABASE_URL')) {
  const { migrations } = (await import(`@orderstream/${service}/migrations`)) as { readonly migrations: readonly Migration[] };
  migrationsOf.set(databaseOf(service), migrations);
}

export type DatabaseSettings = Readonly<Record<LoginVariable, string>>;

export function plannedDatabases(settings: DatabaseSettings): PlannedDatabase[] {
  const byDatabase = Map.groupBy(loginVariables, (variable) => logins[variable].database);
  return [...byDatabase].map(([database, variables]) => ({
    logins: variables.map((variable) => ({ url: settings[variable], may: logins[variable].may })),
    migrations: migrationsOf.get(database)!,
  }));
}

/** Any number that nothing else locks in the administrator's database. */
const LOCK = 4_071_994;
const CONNECTED_WITHIN_MS = 5_000;
const RIGHTS = {
  write: { tables: 'SELECT, INSERT, UPDATE, DELETE', sequences: 'USAGE' },
  read: { tables: 'SELECT', sequences: null },
} as const;

/**
 * Makes databases, roles and rights, then runs migrations; what exists stays. Tables belong to `<database>_owner`,
 * which can't log in; the services' roles have no DDL and may connect to no other database.
 *
 * @param adminUrl of a superuser.
 * @returns the names of the migrations that were run.
 * @throws Refused when the roles in the URLs can't be kept apart.
 */
export async function deployDatabases(adminUrl: string, planned: readonly PlannedDatabase[]): Promise<string[]> {
  checkRoles(adminUrl, planned);
  const run: string[] = [];
  await withClient(adminUrl, async (admin) => {
    // Roles belong to the whole server: two deployments at once would collide.
    await admin.query('SELECT pg_advisory_lock($1)', [LOCK]);
    await keepPublicOut(admin, databaseIn(adminUrl));
    for (const { logins, migrations } of planned) {
      const database = databaseIn(logins[0]!.url);
      const owner = `${database}_owner`;
      await createDatabase(admin, database, owner, logins);
      const url = inDatabase(adminUrl, database);
      await withClient(url, (client) => grantRights(client, owner, logins));
      run.push(...(await migrate({ url, ownerRole: owner, migrations })));
    }
  });
  return run;
}

/** One role per login and one login per role: a role that served two databases could open both. */
function checkRoles(adminUrl: string, planned: readonly PlannedDatabase[]): void {
  const taken = new Set([roleOf(adminUrl).role, ...planned.map(({ logins }) => `${databaseIn(logins[0]!.url)}_owner`)]);
  for (const { logins } of planned) {
    for (const { url } of logins) {
      const { role, password } = roleOf(url);
      const database = databaseIn(url);
      if (role === '' || password === '' || database === '') {
        throw new Refused(`the URL of role "${role}" for database "${database}" must name a role, a password and a database`);
      }
      if (database !== databaseIn(logins[0]!.url)) throw new Refused(`role "${role}" must be of database "${databaseIn(logins[0]!.url)}"`);
      if (taken.has(role))
        throw new Refused(`role "${role}" of database "${database}" has another use: each service needs a role of its own`);
      taken.add(role);
    }
  }
}

async function createDatabase(admin: Client, database: string, owner: string, logins: readonly PlannedLogin[]): Promise<void> {
  const name = escapeIdentifier(database);
  await createRole(admin, owner, 'NOLOGIN');
  const { rowCount } = await admin.query('SELECT FROM pg_database WHERE datname = $1', [database]);
  if (rowCount === 0) await admin.query(`CREATE DATABASE ${name} OWNER ${escapeIdentifier(owner)}`);
  await keepPublicOut(admin, database);
  for (const { url } of logins) {
    const { role, password } = roleOf(url);
    await createRole(admin, role, `LOGIN PASSWORD ${escapeLiteral(password)}`);
    await admin.query(`GRANT CONNECT ON DATABASE ${name} TO ${escapeIdentifier(role)}`);
  }
}

/** Without this every role may connect to every database, and make temporary tables there. */
async function keepPublicOut(admin: Client, database: string): Promise<void> {
  await admin.query(`REVOKE ALL ON DATABASE ${escapeIdentifier(database)} FROM PUBLIC`);
}

async function createRole(admin: Client, role: string, attributes: string): Promise<void> {
  const { rowCount } = await admin.query('SELECT FROM pg_roles WHERE rolname = $1', [role]);
  const verb = rowCount === 0 ? 'CREATE' : 'ALTER';
  await admin.query(`${verb} ROLE ${escapeIdentifier(role)} ${attributes} NOSUPERUSER NOCREATEDB NOCREATEROLE`);
}

/** Rights on the owner's tables: on those that it makes from now on, and, for a role that came later, on those that exist. */
async function grantRights(client: Client, owner: string, logins: readonly PlannedLogin[]): Promise<void> {
  const by = escapeIdentifier(owner);
  await client.query(`ALTER SCHEMA public OWNER TO ${by}`);
  await client.query('REVOKE ALL ON SCHEMA public FROM PUBLIC');
  for (const { url, may } of logins) {
    const role = escapeIdentifier(roleOf(url).role);
    await client.query(`GRANT USAGE ON SCHEMA public TO ${role}`);
    for (const kind of ['tables', 'sequences'] as const) {
      const rights = RIGHTS[may][kind];
      if (rights === null) continue;
      await client.query(`ALTER DEFAULT PRIVILEGES FOR ROLE ${by} IN SCHEMA public GRANT ${rights} ON ${kind} TO ${role}`);
      await client.query(`GRANT ${rights} ON ALL ${kind} IN SCHEMA public TO ${role}`);
    }
  }
}

async function withClient(url: string, work: (client: Client) => Promise<void>): Promise<void> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: CONNECTED_WITHIN_MS });
  client.on('error', () => {}); // a connection that is lost fails the statement that waits for it
  try {
    await client.connect();
    await work(client);
  } finally {
    await client.end();
  }
}

function roleOf(url: string): { readonly role: string; readonly password: string } {
  const { username, password } = new URL(url);
  return { role: decodeURIComponent(username), password: decodeURIComponent(password) };
}

function databaseIn(url: string): string {
  return decodeURIComponent(new URL(url).pathname.slice(1));
}

function inDatabase(url: string, database: string): string {
  const other = new URL(url);
  other.pathname = `/${encodeURIComponent(database)}`;
  return other.href;
}
