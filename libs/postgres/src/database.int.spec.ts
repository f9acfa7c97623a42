import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { DependencyUnavailable, RetryableFault } from '@orderstream/messaging';
import { QueryFailedError } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Database } from './database.ts';
import { type ScratchDatabase, createScratchDatabase, runSql } from './testing/index.ts';

const adminUrl = process.env['TEST_DATABASE_URL']!;
const opened: Database[] = [];
let scratch: ScratchDatabase;

/** `as`: the application name that its connections have. */
function open(url: string, as?: string): Database {
  const named = new URL(url);
  if (as !== undefined) named.searchParams.set('application_name', as);
  const database = new Database({ url: named.href, poolSize: 3 });
  opened.push(database);
  return database;
}

function terminate(application: string): Promise<object[]> {
  return runSql(
    adminUrl,
    'SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = $1 AND pid <> pg_backend_pid()',
    [application],
  );
}

beforeAll(async () => {
  scratch = await createScratchDatabase(adminUrl);
  await runSql(scratch.url, 'CREATE TABLE note (id int PRIMARY KEY, text text NOT NULL)');
});
afterAll(async () => {
  await Promise.all(opened.map((each) => each.close()));
  await scratch.drop();
});

describe('A database', () => {
  it('answers with rows, also those of RETURNING', async () => {
    const database = open(scratch.url);
    expect(await database.query('SELECT $1::int AS n', [1])).toEqual([{ n: 1 }]);
    expect(await database.query(`INSERT INTO note VALUES (1, 'a') RETURNING id`)).toEqual([{ id: 1 }]);
    expect(await database.query(`UPDATE note SET text = 'b' WHERE id = 1 RETURNING text`)).toEqual([{ text: 'b' }]);
    expect(await database.query('DELETE FROM note WHERE id = 1')).toEqual([]);
  });

  it('plans a statement once a connection, also when it is repeated in transactions, and again when its table has changed', async () => {
    const database = open(scratch.url);
    const [select, count] = [
      'SELECT text FROM note WHERE id = $1',
      'SELECT count(*)::int AS plans FROM pg_prepared_statements WHERE statement = $1',
    ];
    for (const id of [100, 101]) await database.query(select, [id]);
    const plans = await database.transaction(async (transaction) => {
      for (const id of [100, 101]) await transaction.query(select, [id]);
      return transaction.query(count, [select]);
    });
    expect(plans).toEqual([{ plans: 1 }]);
    await runSql(scratch.url, 'ALTER TABLE note ADD COLUMN added text');
    expect(await database.query(select, [100])).toEqual([]);
  });

  it('is away for a moment, and blames nobody, when what a planned statement answers has got another type, or its plan is gone', async () => {
    const database = open(scratch.url);
    const select = 'SELECT changing FROM note WHERE id = $1';
    const outage = expect.any(DependencyUnavailable);
    await runSql(scratch.url, 'ALTER TABLE note ADD COLUMN changing int');
    for (const change of [
      () => runSql(scratch.url, 'ALTER TABLE note ALTER COLUMN changing TYPE bigint'),
      () => database.query('DEALLOCATE ALL'),
    ]) {
      await database.query(select, [100]);
      await change();
      await expect(database.query(select, [100])).rejects.toEqual(outage);
      expect(await database.query(select, [100])).toEqual([]);
    }
  });

  it('keeps all of a transaction, or nothing of it', async () => {
    const database = open(scratch.url);
    await database.transaction(async (tx) => {
      await tx.query(`INSERT INTO note VALUES (10, 'a')`);
      await tx.query(`INSERT INTO note VALUES (11, 'b')`);
    });
    const fault = new Error('changed its mind');
    const undone = database.transaction(async (tx) => {
      await tx.query(`INSERT INTO note VALUES (12, 'c')`);
      throw fault;
    });
    await expect(undone).rejects.toBe(fault);
    expect(await database.query('SELECT id FROM note WHERE id >= 10 ORDER BY id')).toEqual([{ id: 10 }, { id: 11 }]);
  });

  it('leaves a fault of the data as it is, and goes on', async () => {
    const database = open(scratch.url);
    await expect(database.query('INSERT INTO note VALUES (20, NULL)')).rejects.toBeInstanceOf(QueryFailedError);
    await expect(database.query('INSERT INTO note VALUES (20, NULL)')).rejects.toMatchObject({ code: '23502' });
    expect(await database.query('SELECT 1 AS n')).toEqual([{ n: 1 }]);
  });

  it('tells the loser of a deadlock that it may try again', async () => {
    const database = open(scratch.url);
    await database.query(`INSERT INTO note VALUES (30, ''), (31, '')`);
    const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const lock = (ids: readonly [number, number], mine: PromiseWithResolvers<void>, other: PromiseWithResolvers<void>): Promise<void> =>
      database.transaction(async (tx) => {
        await tx.query('UPDATE note SET text = $2 WHERE id = $1', [ids[0], 'locked']);
        mine.resolve();
        await other.promise;
        await tx.query('UPDATE note SET text = $2 WHERE id = $1', [ids[1], 'locked']);
      });
    const outcomes = await Promise.allSettled([lock([30, 31], first, second), lock([31, 30], second, first)]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({ reason: expect.any(RetryableFault) });
  });

  it('that is not there is an outage', async () => {
    const closedPort = open('postgres://nobody:x@127.0.0.1:1/none');
    await expect(closedPort.query('SELECT 1')).rejects.toMatchObject({ dependency: 'postgres' });
    await expect(closedPort.ping()).rejects.toBeInstanceOf(DependencyUnavailable);
    await expect(closedPort.transaction(async () => {})).rejects.toBeInstanceOf(DependencyUnavailable);
    await expect(closedPort.read((entities) => entities.query('SELECT 1'))).rejects.toBeInstanceOf(DependencyUnavailable);
  });

  it('that can only be read is an outage for who writes, and a ping says so before anybody does', async () => {
    const database = open(Object.assign(new URL(scratch.url), { search: '?options=-c%20default_transaction_read_only%3Don' }).href);
    expect(await database.query('SELECT 1 AS n')).toEqual([{ n: 1 }]);
    await expect(database.query(`INSERT INTO note VALUES (50, '')`)).rejects.toMatchObject({ dependency: 'postgres' });
    await expect(database.ping()).rejects.toThrow('postgres does not answer: it is read-only');
  });

  it('that was not deployed to yet is an outage: nobody is to blame for a missing table', async () => {
    const noSuchDatabase = open(Object.assign(new URL(scratch.url), { pathname: '/no_such_database' }).href);
    await expect(noSuchDatabase.ping()).rejects.toMatchObject({ dependency: 'postgres' });
    await expect(open(scratch.url).query('SELECT * FROM not_there')).rejects.toMatchObject({ dependency: 'postgres' });
  });

  it('that ends connections is an outage for what was under way, and is back at the next use', async () => {
    const database = open(scratch.url, 'outage');
    const outcomes = await Promise.allSettled([
      database.query('SELECT pg_sleep(30)'),
      database.transaction(async (tx) => {
        await tx.query(`INSERT INTO note VALUES (40, '')`);
        await terminate('outage');
        await tx.query('SELECT 1');
      }),
    ]);
    for (const outcome of outcomes) expect(outcome).toMatchObject({ reason: { dependency: 'postgres' } });
    expect(await database.query('SELECT id FROM note WHERE id = 40')).toEqual([]);
  });

  it('that takes too long is an outage, and nobody else gets that connection', async () => {
    const database = open(scratch.url);
    const backend = async (of: Pick<Database, 'query'>): Promise<unknown> => (await of.query('SELECT pg_backend_pid() AS pid'))[0];
    const before = await backend(database);
    const late = database.transaction(async (tx) => {
      expect(await backend(tx)).toEqual(before);
      await tx.query('SET statement_timeout = 50');
      await tx.query('SELECT pg_sleep(30)');
    });
    await expect(late).rejects.toMatchObject({ dependency: 'postgres' });
    expect(await backend(database)).not.toEqual(before);
  });

  it('may end idle connections without anybody noticing', async () => {
    const database = open(scratch.url, 'idle');
    await Promise.all([database.ping(), database.query('SELECT 1'), database.query('SELECT 2')]);
    await terminate('idle');
    await expect.poll(() => database.query('SELECT 1 AS n').catch(() => [])).toEqual([{ n: 1 }]);
  });

  it('that has no connection left is an outage, and nobody waits for one for ever', async () => {
    const database = open(scratch.url);
    const release = Promise.withResolvers<void>();
    const holding = Promise.all([1, 2, 3].map(() => database.transaction(() => release.promise)));
    await vi.waitFor(() => expect(database.query('SELECT 1')).rejects.toMatchObject({ dependency: 'postgres' }), 10_000);
    release.resolve();
    await holding;
    await expect(database.ping()).resolves.toBeUndefined();
  });

  it('that is closed connects no more', async () => {
    const database = open(scratch.url);
    await database.ping();
    await database.close();
    await expect(database.ping()).rejects.toMatchObject({ dependency: 'postgres' });
    await expect(database.close()).resolves.toBeUndefined();
  });
});

describe('A database that comes and goes', () => {
  const { hostname, port } = new URL(adminUrl);
  let away: Server | undefined;

  /** A door to the real server; `silent` takes connections and bytes, and answers nothing. */
  function door(onPort: number, silent = false): Promise<Server & { readonly sockets: Set<Socket> }> {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
      if (silent) return;
      const through = connect(Number(port), hostname);
      through.on('error', () => socket.destroy());
      socket.on('close', () => through.destroy());
      through.on('close', () => socket.destroy());
      socket.pipe(through).pipe(socket);
    });
    return new Promise((resolve) => server.listen(onPort, '127.0.0.1', () => resolve(Object.assign(server, { sockets }))));
  }
  const portOf = (server: Server): number => (server.address() as AddressInfo).port;
  async function shut(server: Server & { readonly sockets: Set<Socket> }): Promise<void> {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of server.sockets) socket.destroy();
    await closed;
  }
  afterAll(() => away?.close());

  it('is used again as soon as it is back, without a restart', async () => {
    let server = await door(0);
    const onPort = portOf(server);
    await shut(server);
    const database = open(Object.assign(new URL(scratch.url), { port: String(onPort) }).href);
    await expect(database.ping()).rejects.toMatchObject({ dependency: 'postgres' });

    server = await door(onPort);
    await expect(database.query('SELECT 1 AS n')).resolves.toEqual([{ n: 1 }]);
    await shut(server);
    await expect(database.query('SELECT 1')).rejects.toMatchObject({ dependency: 'postgres' });

    server = await door(onPort);
    await expect(database.query('SELECT 2 AS n')).resolves.toEqual([{ n: 2 }]);
    away = server;
  });

  it('and says nothing is noticed by a ping within a second', async () => {
    const server = await door(0, true);
    const database = open(Object.assign(new URL(scratch.url), { port: String(portOf(server)) }).href);
    const startedMs = performance.now();
    await expect(database.ping()).rejects.toMatchObject({ dependency: 'postgres' });
    expect(performance.now() - startedMs).toBeLessThan(2_000);
    await shut(server);
  });
});
