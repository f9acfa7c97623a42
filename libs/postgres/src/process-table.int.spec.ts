import { randomUUID } from 'node:crypto';
import type { ClaimedTask, NewTask } from '@orderstream/messaging';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Database } from './database.ts';
import { PostgresProcessTable } from './process-table.ts';
import { type ScratchDatabase, createScratchDatabase, runSql } from './testing/index.ts';

/** Boil first, pour after, drink after that. */
type TeaWork = { readonly step: 'boil'; readonly degrees: number } | { readonly step: 'pour' } | { readonly step: 'drink' };
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

const newTask = (key: string, work: TeaWork, more: Partial<NewTask<TeaWork>> = {}): NewTask<TeaWork> => ({
  key,
  work,
  after: null,
  dueAfterMs: 0,
  deadlineAfterMs: null,
  cause: { id: randomUUID(), correlationId: 'flow', traceparent: undefined },
  ...more,
});
const boil = (key: string, more: Partial<NewTask<TeaWork>> = {}): NewTask<TeaWork> => newTask(key, { step: 'boil', degrees: 95 }, more);
const pour = (key: string): NewTask<TeaWork> => newTask(key, { step: 'pour' }, { after: 'boil' });
const drink = (key: string): NewTask<TeaWork> => newTask(key, { step: 'drink' }, { after: 'pour' });
const add = (...tasks: NewTask<TeaWork>[]): Promise<void> => database.transaction((transaction) => table.add(transaction, tasks));
const claim = (most = 10, overdueToo = true): Promise<ClaimedTask<TeaWork>[]> =>
  table.claim({ first: most, repeated: most }, { overdueToo });
const claimOne = async (): Promise<ClaimedTask<TeaWork>> => {
  const claimed = await claim();
  expect(claimed).toHaveLength(1);
  return claimed[0]!;
};
const stepsOf = (tasks: readonly ClaimedTask<TeaWork>[]): string[] => tasks.map(({ work }) => work.step);
const rowOf = async (key: string, step: string): Promise<Row> =>
  (await database.query<Row>('SELECT * FROM tea WHERE cup = $1 AND step = $2', [key, step]))[0]!;
/** As if the lease or backoff of every row had run out. */
const letTimePass = (): Promise<unknown> => database.query('UPDATE tea SET next_attempt_at = now(), leased_until = NULL');
const HOUR_MS = 3_600_000;

describe('A task of a process table', () => {
  it('is claimed with all that its worker needs', async () => {
    const task = boil(randomUUID(), { cause: { id: randomUUID(), correlationId: 'flow 7', traceparent: '00-a-b-01' } });
    await add(task);
    expect(await claim()).toEqual([
      {
        key: task.key,
        work: { step: 'boil', degrees: 95 },
        cause: task.cause,
        attempts: 1,
        isRepeated: false,
        isOverdue: false,
        awaitedBy: [],
      },
    ]);
  });

  it('is nobody else’s while its lease lasts, and somebody’s again when it has run out', async () => {
    await add(boil(randomUUID()));
    const { key } = await claimOne();
    expect(await claim()).toEqual([]);
    const [lease] = await database.query<Row>(`SELECT leased_until - updated_at = interval '10 s' AS is_ten_seconds FROM tea`);
    expect(lease).toEqual({ is_ten_seconds: true });
    await letTimePass();
    expect(await claim()).toMatchObject([{ key, attempts: 2 }]);
  });

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

  it('is not hidden by others that are tried again and again, however many they are, and has room of its own', async () => {
    await database.query(
      `INSERT INTO tea (cup, step, work, cause_id, correlation_id, attempts, next_attempt_at)
       SELECT gen_random_uuid(), 'boil', '{"step": "boil", "degrees": 95}', gen_random_uuid(), 'flow', 3, now() - interval '1 h' FROM generate_series(1, 20000)`,
    );
    const key = randomUUID();
    await add(boil(key));
    expect(await table.claim({ first: 5, repeated: 0 }, { overdueToo: true })).toMatchObject([{ key, attempts: 1, isRepeated: false }]);
    const repeated = await table.claim({ first: 5, repeated: 3 }, { overdueToo: true });
    expect(repeated.map(({ attempts, isRepeated }) => [attempts, isRepeated])).toEqual([
      [4, true],
      [4, true],
      [4, true],
    ]);
  });

  it('is passed over, not waited for, while somebody else has it locked', async () => {
    const [locked, free] = [randomUUID(), randomUUID()];
    await add(boil(locked), boil(free));
    await database.transaction(async (transaction) => {
      await transaction.query('SELECT FROM tea WHERE cup = $1 FOR UPDATE', [locked]);
      expect((await claim()).map(({ key }) => key)).toEqual([free]);
    });
  });

  it('is not done before its time', async () => {
    const key = randomUUID();
    await add(boil(key, { dueAfterMs: HOUR_MS }));
    expect(await claim()).toEqual([]);
    await letTimePass();
    expect(await claim()).toHaveLength(1);
  });

  it('is due, and overdue, by the clock of the table', async () => {
    await add(boil(randomUUID(), { dueAfterMs: 1_500, deadlineAfterMs: HOUR_MS }));
    const [times] = await database.query(
      `SELECT next_attempt_at - created_at = interval '1.5 s' AS due, deadline_at - next_attempt_at = interval '1 h' AS overdue FROM tea`,
    );
    expect(times).toEqual({ due: true, overdue: true });
  });

  it('has its whole time from its first attempt on, however late that is, and no more after it', async () => {
    await add(boil(randomUUID(), { deadlineAfterMs: HOUR_MS }));
    await database.query(`UPDATE tea SET next_attempt_at = next_attempt_at - interval '3 h', deadline_at = deadline_at - interval '3 h'`);
    expect(await claimOne()).toMatchObject({ attempts: 1, isOverdue: false });
    const left = (): Promise<Row[]> =>
      database.query(`SELECT deadline_at - now() > interval '59 min' AS whole, deadline_at - now() > interval '1 h' AS more FROM tea`);
    expect(await left()).toEqual([{ whole: true, more: false }]);
    await letTimePass();
    await database.query(`UPDATE tea SET deadline_at = now()`);
    expect(await claimOne()).toMatchObject({ attempts: 2, isOverdue: true });
  });

  it('waits for the step before it, of its own key, also when that is not known yet', async () => {
    const [early, other] = [randomUUID(), randomUUID()];
    await add(pour(early), drink(early), boil(other));
    const elsewhere = await claimOne();
    await table.finish(elsewhere);
    expect(await claim()).toEqual([]);
    await add(boil(early));
    for (const step of ['boil', 'pour', 'drink']) {
      const claimed = await claimOne();
      expect([claimed.key, claimed.work.step]).toEqual([early, step]);
      expect(await claim(), 'while it is under way').toEqual([]);
      await table.finish(claimed);
    }
    expect(await claim()).toEqual([]);
  });

  it('says which steps wait for it', async () => {
    const [key, other] = [randomUUID(), randomUUID()];
    await add(boil(key), boil(other), pour(other));
    expect((await claim()).map((task) => [task.key, task.awaitedBy]).toSorted()).toEqual(
      [
        [key, []],
        [other, ['pour']],
      ].toSorted(),
    );
    await add(pour(key), newTask(key, { step: 'drink' }, { after: 'boil' }));
    await letTimePass();
    const again = (await claim()).find((task) => task.key === key)!;
    expect(again.awaitedBy.toSorted()).toEqual(['drink', 'pour']);
  });

  it('is not awaited by a step that need not be done any more', async () => {
    const key = randomUUID();
    await add(boil(key), pour(key));
    await database.transaction((transaction) => table.close(transaction, [{ key, step: 'pour' }]));
    expect(await claimOne()).toMatchObject({ awaitedBy: [] });
  });

  it('that is overdue is left alone unless it is asked for, and says so then', async () => {
    const [late, inTime, without] = [randomUUID(), randomUUID(), randomUUID()];
    await add(boil(late, { deadlineAfterMs: 0 }), boil(inTime, { deadlineAfterMs: HOUR_MS }), boil(without));
    const cautious = await claim(10, false);
    expect(cautious.map(({ key }) => key).toSorted()).toEqual([inTime, without].toSorted());
    expect(cautious.every(({ isOverdue }) => !isOverdue)).toBe(true);
    expect(await claimOne()).toMatchObject({ key: late, isOverdue: true, attempts: 1 });
    expect(await rowOf(late, 'boil')).toMatchObject({ state: 'pending' });
  });

  it('is not done before its time even when its deadline has passed', async () => {
    await add(boil(randomUUID(), { dueAfterMs: HOUR_MS }));
    await database.query('UPDATE tea SET deadline_at = now()');
    expect(await claim()).toEqual([]);
  });
});

describe('A task that was tried', () => {
  it('comes again after a while when it is postponed, and says why it was', async () => {
    await add(boil(randomUUID()));
    const first = await claimOne();
    await table.postpone(first, HOUR_MS, 'no water');
    expect(await claim()).toEqual([]);
    expect(await rowOf(first.key, 'boil')).toMatchObject({ state: 'pending', attempts: 1, last_error: 'no water' });
    await letTimePass();
    expect(await claimOne()).toMatchObject({ key: first.key, attempts: 2 });
  });

  it('is tried at once when a step comes that waits for it, once, and before all that are tried again', async () => {
    const [key, other] = [randomUUID(), randomUUID()];
    await add(boil(key), boil(other));
    for (const task of await claim()) await table.postpone(task, HOUR_MS, 'no water');
    await add(pour(key));
    const [hurried] = await table.claim({ first: 1, repeated: 0 }, { overdueToo: true });
    expect(hurried).toMatchObject({ key, attempts: 2, isRepeated: false, awaitedBy: ['pour'] });
    await table.postpone(hurried!, HOUR_MS, 'no water');
    await add(pour(key));
    expect(await claim(), 'that it waits is no news').toEqual([]);
  });

  it('is tried at once after the attempt during which such a step came, whose lease is not shortened', async () => {
    await add(boil(randomUUID()));
    const task = await claimOne();
    await add(pour(task.key));
    expect(await claim()).toEqual([]);
    await table.postpone(task, HOUR_MS, 'no water');
    expect(await claimOne()).toMatchObject({ attempts: 2, awaitedBy: ['pour'] });
  });

  it('says why in as much text as Postgres takes, and no more than anybody reads', async () => {
    await add(boil(randomUUID()));
    const task = await claimOne();
    await table.postpone(task, HOUR_MS, `NUL \0, half \ud800, ${'x'.repeat(100_000)}`);
    const { last_error: error } = await rowOf(task.key, 'boil');
    expect(error).toMatch(/^NUL \ufffd, half \ufffd, x+$/);
    expect(error).toHaveLength(1_000);
  });

  it('does not sleep through its deadline, but only once that lies behind it', async () => {
    await add(boil(randomUUID(), { deadlineAfterMs: HOUR_MS }), boil(randomUUID(), { deadlineAfterMs: 0 }), boil(randomUUID()));
    for (const task of await claim()) await table.postpone(task, 2 * HOUR_MS, 'no water');
    const rows = await database.query<Row>(
      `SELECT deadline_at > now() AS is_ahead, next_attempt_at = deadline_at AS at_deadline, next_attempt_at > now() + interval '90 min' AS later FROM tea`,
    );
    expect(rows.find((row) => row['is_ahead'] === true)).toMatchObject({ at_deadline: true });
    expect(rows.filter((row) => row['is_ahead'] !== true).map((row) => row['later'])).toEqual([true, true]);
  });

  it('is done for good when it is finished, by whomever, and forgets its trouble', async () => {
    await add(boil(randomUUID()));
    const slow = await claimOne();
    await table.postpone(slow, 0, 'no water');
    const next = await claimOne();
    await table.finish(slow);
    await table.postpone(next, 0, 'still no water');
    await letTimePass();
    expect(await claim()).toEqual([]);
    expect(await rowOf(slow.key, 'boil')).toMatchObject({ state: 'done', last_error: null });
  });

  it('stays with the worker that has it now, whatever one says that had it before', async () => {
    await add(boil(randomUUID()));
    const zombie = await claimOne();
    await letTimePass();
    await claimOne();
    await table.postpone(zombie, 0, 'of long ago');
    expect(await claim()).toEqual([]);
    expect(await rowOf(zombie.key, 'boil')).toMatchObject({ last_error: null, attempts: 2 });
  });
});

describe('A process table', () => {
  it('leaves rows alone that it has, done or not, and takes one of two that come together', async () => {
    const key = randomUUID();
    await add(boil(key), boil(key, { deadlineAfterMs: 0 }));
    const claimed = await claimOne();
    await table.postpone(claimed, HOUR_MS, 'no water');
    const pending = await rowOf(key, 'boil');
    await add(newTask(key, { step: 'boil', degrees: 80 }, { deadlineAfterMs: 0 }));
    expect(await rowOf(key, 'boil')).toEqual(pending);
    expect(pending).toMatchObject({ work: { step: 'boil', degrees: 95 }, deadline_at: null });
    await table.finish(claimed);
    const done = await rowOf(key, 'boil');
    await add(boil(key));
    expect(await rowOf(key, 'boil')).toEqual(done);
    expect(done).toMatchObject({ state: 'done' });
  });

  it('has nothing of a transaction that did not commit', async () => {
    const adding = database.transaction(async (transaction) => {
      await table.add(transaction, [boil(randomUUID())]);
      throw new Error('the position was stale');
    });
    await expect(adding).rejects.toThrow('stale');
    expect(await claim()).toEqual([]);
  });

  it('closes what need not be done any more: it is never claimed, and lets the next step go on', async () => {
    const key = randomUUID();
    await add(boil(key), pour(key));
    await database.transaction((transaction) =>
      table.close(transaction, [
        { key, step: 'boil' },
        { key: randomUUID(), step: 'pour' },
      ]),
    );
    expect(stepsOf(await claim())).toEqual(['pour']);
  });

  it('leaves what is done as it is when it is closed', async () => {
    await add(boil(randomUUID()));
    const { key, ...task } = await claimOne();
    await table.finish({ key, ...task });
    const done = await rowOf(key, 'boil');
    await database.transaction((transaction) => table.close(transaction, [{ key, step: 'boil' }]));
    expect(await rowOf(key, 'boil')).toEqual(done);
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
