import { randomUUID } from 'node:crypto';
import type { ClaimedTask, NewTask } from '@orderstream/messaging';
import { type TeaWork, boil, processTableContract } from '@orderstream/messaging/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Database } from './database.ts';
import { PostgresProcessTable } from './process-table.ts';
import { type ScratchDatabase, createScratchDatabase, runSql } from './testing/index.ts';

type Row = Record<string, unknown>;

const TABLE = `
  CREATE TABLE tea (
    cup uuid NOT NULL,
    step text NOT NULL,
    work jsonb NOT NULL,
    after_step text,
    cause_id uuid NOT NULL,
    correlation_id text NOT NULL,
    traceparent text,
    state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'done')),
    attempts int NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL DEFAULT now(),
    leased_until timestamptz,
    is_hurried boolean NOT NULL DEFAULT false,
    deadline_at timestamptz,
    last_error text,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (cup, step)
  );
  CREATE INDEX tea_due ON tea (next_attempt_at) WHERE state = 'pending';
  CREATE INDEX tea_due_first ON tea (next_attempt_at) WHERE state = 'pending' AND (attempts = 0 OR is_hurried)`;

let scratch: ScratchDatabase;
let database: Database;
let table: PostgresProcessTable<TeaWork>;

beforeAll(async () => {
  scratch = await createScratchDatabase(process.env['TEST_DATABASE_URL']!);
  await runSql(scratch.url, TABLE);
  database = new Database({ url: scratch.url });
  table = new PostgresProcessTable(database, 'tea', 'cup');
});
beforeEach(() => database.query('TRUNCATE tea'));
afterAll(async () => {
  await database.close();
  await scratch.drop();
});

const add = (...tasks: NewTask<TeaWork>[]): Promise<void> => database.transaction((transaction) => table.add(transaction, tasks));
const claim = (most = 10): Promise<ClaimedTask<TeaWork>[]> => table.claim({ first: most, repeated: most }, { overdueToo: true });
const claimOne = async (): Promise<ClaimedTask<TeaWork>> => {
  const claimed = await claim();
  expect(claimed).toHaveLength(1);
  return claimed[0]!;
};
const rowOf = async (key: string): Promise<Row> => (await database.query<Row>('SELECT * FROM tea WHERE cup = $1', [key]))[0]!;
const HOUR_MS = 3_600_000;

processTableContract('the process table in Postgres', () => ({
  table,
  add: (tasks) => add(...tasks),
  close: (tasks) => database.transaction((transaction) => table.close(transaction, tasks)),
  letPass: async (ms) => {
    const earlier = ['next_attempt_at', 'leased_until', 'deadline_at'].map((column) => `${column} = ${column} - $1 * interval '1 ms'`);
    await database.query(`UPDATE tea SET ${earlier.join(', ')}`, [ms]);
  },
}));

describe('A task in Postgres', () => {
  it('is claimed once by many that ask at the same time, and in the order in which it became due', async () => {
    const keys = Array.from({ length: 40 }, () => randomUUID());
    // The last one was added first.
    for (const [index, key] of [...keys.entries()].toReversed()) {
      await add(boil(key));
      await database.query(`UPDATE tea SET next_attempt_at = now() - $2 * interval '1 s' WHERE cup = $1`, [key, 40 - index]);
    }
    expect((await claim(3)).map(({ key }) => key).toSorted()).toEqual(keys.slice(0, 3).toSorted());
    const claimed = (await Promise.all(Array.from({ length: 8 }, () => claim(7)))).flat();
    expect(new Set(claimed.map(({ key }) => key)).size).toBe(claimed.length);
    while (claimed.length < 37) claimed.push(...(await claim(7)));
    expect(claimed.map(({ key }) => key).toSorted()).toEqual(keys.slice(3).toSorted());
  });

  it('is passed over, not waited for, while somebody else has it locked', async () => {
    const [locked, free] = [randomUUID(), randomUUID()];
    await add(boil(locked), boil(free));
    await database.transaction(async (transaction) => {
      await transaction.query('SELECT FROM tea WHERE cup = $1 FOR UPDATE', [locked]);
      expect((await claim()).map(({ key }) => key)).toEqual([free]);
    });
  });

  it('is due, and overdue, by the clock of the table', async () => {
    await add(boil(randomUUID(), { dueAfterMs: 1_500, deadlineAfterMs: HOUR_MS }));
    const [times] = await database.query(
      `SELECT next_attempt_at - created_at = interval '1.5 s' AS due, deadline_at - next_attempt_at = interval '1 h' AS overdue FROM tea`,
    );
    expect(times).toEqual({ due: true, overdue: true });
  });

  it('says why it was postponed until it is done', async () => {
    await add(boil(randomUUID()));
    const task = await claimOne();
    await table.postpone(task, HOUR_MS, 'no water');
    expect(await rowOf(task.key)).toMatchObject({ state: 'pending', attempts: 1, last_error: 'no water' });
    await table.finish(task);
    expect(await rowOf(task.key)).toMatchObject({ state: 'done', last_error: null });
  });

  it('says why in as much text as Postgres takes, and no more than anybody reads', async () => {
    await add(boil(randomUUID()));
    const task = await claimOne();
    await table.postpone(task, HOUR_MS, `NUL \0, half \ud800, ${'x'.repeat(100_000)}`);
    const { last_error: error } = await rowOf(task.key);
    expect(error).toMatch(/^NUL \ufffd, half \ufffd, x+$/);
    expect(error).toHaveLength(1_000);
  });
});

describe('A process table in Postgres', () => {
  it('has nothing of a transaction that did not commit', async () => {
    const adding = database.transaction(async (transaction) => {
      await table.add(transaction, [boil(randomUUID())]);
      throw new Error('the position was stale');
    });
    await expect(adding).rejects.toThrow('stale');
    expect(await claim()).toEqual([]);
  });

  it('leaves what is done as it is when it is closed', async () => {
    await add(boil(randomUUID()));
    const task = await claimOne();
    const { key } = task;
    await table.finish(task);
    const done = await rowOf(key);
    await database.transaction((transaction) => table.close(transaction, [{ key, step: 'boil' }]));
    expect(await rowOf(key)).toEqual(done);
  });

  it('has nothing to say of no tasks', async () => {
    await add();
    await database.transaction((transaction) => table.close(transaction, []));
    expect(await claim()).toEqual([]);
  });

  it('names the database when it does not answer', async () => {
    const away = new PostgresProcessTable<TeaWork>(new Database({ url: 'postgres://nobody:x@127.0.0.1:1/nothing' }), 'tea', 'cup');
    await expect(away.claim({ first: 1, repeated: 1 }, { overdueToo: true })).rejects.toMatchObject({ dependency: 'postgres' });
  });
});
