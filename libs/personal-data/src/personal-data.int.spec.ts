import { randomUUID } from 'node:crypto';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { PersonalData, personalDataMigrations } from './index.ts';

const admin = new Client(process.env['TEST_DATABASE_URL']);
const database = `personal_data_${randomUUID().replaceAll('-', '')}`;
const url = Object.assign(new URL(process.env['TEST_DATABASE_URL']!), { pathname: `/${database}` }).toString();
const opened: PersonalData[] = [];

const recipient = { name: 'Ada Lovelace', street: '12 St James’s Square' };

/** A process of its own, with nothing remembered. */
function newProcess(databaseUrl = url): PersonalData {
  const personalData = new PersonalData(databaseUrl);
  opened.push(personalData);
  return personalData;
}

async function sql(text: string, values: unknown[] = []): Promise<{ n: number }[]> {
  const client = new Client(url);
  await client.connect();
  try {
    return (await client.query<{ n: number }>(text, values)).rows;
  } finally {
    await client.end();
  }
}

function terminate(role: string): Promise<unknown> {
  return admin.query('SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = $1', [role]);
}

beforeAll(async () => {
  await admin.connect();
  await admin.query(`CREATE DATABASE ${database}`);
  for (const migration of personalDataMigrations) await sql(migration.sql);
});

afterAll(async () => {
  await Promise.all(opened.map((each) => each.close()));
  await admin.query(`DROP DATABASE ${database} WITH (FORCE)`);
  await admin.end();
});

describe('personal data', () => {
  it('is opened by any process that has the key database, and says nothing to others', async () => {
    const jwe = await newProcess().seal(randomUUID(), recipient);
    expect(jwe.split('.')).toHaveLength(5);
    expect(Buffer.from(jwe, 'base64url').toString()).not.toContain('Lovelace');
    expect(await newProcess().open(jwe)).toEqual(recipient);
  });

  it('is sealed under one key per customer, however many ask for it first', async () => {
    const customerId = randomUUID();
    const processes = [newProcess(), newProcess(), newProcess()];
    const sealed = await Promise.all(Array.from({ length: 30 }, (_, n) => processes[n % 3]!.seal(customerId, { n })));
    expect(await newProcess().openAll(sealed)).toEqual(sealed.map((_, n) => ({ n })));
    expect(await sql('SELECT count(*)::int AS n FROM customer_key WHERE customer_id = $1', [customerId])).toEqual([{ n: 1 }]);
  });

  it('is gone once the key is deleted, also when the customer comes back', async () => {
    const [customerId, other] = [randomUUID(), randomUUID()];
    const [jwe, others] = await Promise.all([newProcess().seal(customerId, recipient), newProcess().seal(other, recipient)]);
    await sql('DELETE FROM customer_key WHERE customer_id = $1', [customerId]);
    expect(await newProcess().openAll([jwe, others])).toEqual([null, recipient]);
    const again = await newProcess().seal(customerId, { name: 'again' });
    expect(await newProcess().openAll([jwe, again])).toEqual([null, { name: 'again' }]);
  });

  it('has the same fingerprint for the same text and customer only', async () => {
    const [customerId, other] = [randomUUID(), randomUUID()];
    const first = await newProcess().fingerprint(customerId, 'body');
    expect(await newProcess().fingerprint(customerId, 'body')).toBe(first);
    expect(await newProcess().fingerprint(customerId, 'body2')).not.toBe(first);
    expect(await newProcess().fingerprint(other, 'body')).not.toBe(first);
  });

  it('that somebody tampered with is an error and not nobody', async () => {
    const personalData = newProcess();
    const parts = (await personalData.seal(randomUUID(), recipient)).split('.');
    const tampered = [...parts.slice(0, 3), Buffer.from('forged').toString('base64url'), parts[4]].join('.');
    await expect(personalData.open(tampered)).rejects.toThrow();
  });

  it('waits for its database: an outage names the dependency and is forgotten when it is over', async () => {
    const away = newProcess('postgres://postgres:postgres@127.0.0.1:1/none');
    await expect(away.seal(randomUUID(), recipient)).rejects.toMatchObject({ dependency: 'personal-data' });
    await expect(away.ping()).rejects.toMatchObject({ dependency: 'personal-data' });
    const missing = newProcess(url.replace(database, 'no_such_database'));
    await expect(missing.fingerprint(randomUUID(), 'x')).rejects.toMatchObject({ dependency: 'personal-data' });
    await expect(newProcess().ping()).resolves.toBeUndefined();
  });

  it('of a database that can only be read is unavailable to who makes keys, told before anybody needs one, and not to who only reads', async () => {
    const [reader, writer] = ['reader', 'writer'].map((name) => `${name}_${randomUUID().replaceAll('-', '')}`);
    const as = (role: string): string => Object.assign(new URL(url), { username: role, password: 'secret' }).href;
    for (const role of [reader!, writer!]) await sql(`CREATE ROLE ${role} LOGIN PASSWORD 'secret'`);
    await sql(`GRANT SELECT ON customer_key TO ${reader}, ${writer}`);
    await sql(`GRANT INSERT ON customer_key TO ${writer}`);
    const jwe = await newProcess().seal(randomUUID(), recipient);
    await admin.query(`ALTER DATABASE ${database} SET default_transaction_read_only = on`);
    const [reading, writing] = [newProcess(as(reader!)), newProcess(as(writer!))];
    await expect(writing.ping()).rejects.toThrow('read-only');
    await expect(writing.seal(randomUUID(), recipient)).rejects.toMatchObject({ dependency: 'personal-data' });
    await expect(reading.ping()).resolves.toBeUndefined();
    expect(await reading.open(jwe)).toEqual(recipient);
    await admin.query(`ALTER DATABASE ${database} RESET default_transaction_read_only`);
    await terminate(writer!);
    await vi.waitFor(() => writing.ping());
    expect(await writing.open(await writing.seal(randomUUID(), recipient))).toEqual(recipient);
    await sql(`DROP OWNED BY ${reader}, ${writer}; DROP ROLE ${reader}, ${writer}`);
  });

  it('that could not be given a key stays unavailable until one can be written, though the table can be read', async () => {
    const personalData = newProcess();
    await sql(
      `CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no space left' USING ERRCODE = '53100'; END $$`,
    );
    await sql('CREATE TRIGGER full_disk BEFORE INSERT ON customer_key FOR EACH ROW EXECUTE FUNCTION full_disk()');
    await expect(personalData.ping()).resolves.toBeUndefined();
    await expect(personalData.seal(randomUUID(), recipient)).rejects.toThrow('no space left');
    await expect(personalData.ping()).rejects.toThrow('no space left');
    const [before] = await sql('SELECT count(*)::int AS n FROM customer_key');
    await sql('DROP FUNCTION full_disk CASCADE');
    await expect(personalData.ping()).resolves.toBeUndefined();
    expect(await sql('SELECT count(*)::int AS n FROM customer_key')).toEqual([before]);
  });

  it('asked of a server that says nothing is unavailable within a second', async () => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => void sockets.push(socket));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const hanging = newProcess(Object.assign(new URL(url), { port: String((silent.address() as AddressInfo).port) }).href);
    const startedMs = performance.now();
    await expect(hanging.ping()).rejects.toMatchObject({ dependency: 'personal-data' });
    expect(performance.now() - startedMs).toBeLessThan(2_000);
    await expect(hanging.seal(randomUUID(), recipient)).rejects.toMatchObject({ dependency: 'personal-data' });
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => silent.close(resolve));
  });
});
