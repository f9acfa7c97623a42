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
    order_id uuid NOT NULL,
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
    PRIMARY KEY (order_id, step)
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
  table = new PostgresProcessTable(database, 'tea');
});
beforeEach(() => database.query('TRUNCATE tea'));
afterAll(async () => {
  await database.close();
  await scratch.drop();
});

const newTask = (orderId: string, work: TeaWork, more: Partial<NewTask<TeaWork>> = {}): NewTask<TeaWork> => ({
  orderId,
  work,
  after: null,
  dueAfterMs: 0,
  deadlineAfterMs: null,
  cause: { id: randomUUID(), correlationId: 'flow', traceparent: undefined },
  ...more,
});
const boil = (orderId: string, more: Partial<NewTask<TeaWork>> = {}): NewTask<TeaWork> =>
  newTask(orderId, { step: 'boil', degrees: 95 }, more);
const pour = (orderId: string): NewTask<TeaWork> => newTask(orderId, { step: 'pour' }, { after: 'boil' });
const drink = (orderId: string): NewTask<TeaWork> => newTask(orderId, { step: 'drink' }, { after: 'pour' });
const add = (...tasks: NewTask<TeaWork>[]): Promise<void> => database.transaction((transaction) => table.add(transaction, tasks));
const claim = (most = 10, overdueToo = true): Promise<ClaimedTask<TeaWork>[]> =>
  table.claim({ first: most, repeated: most }, { overdueToo });
const claimOne = async (): Promise<ClaimedTask<TeaWork>> => {
  const claimed = await claim();
  expect(claimed).toHaveLength(1);
  return claimed[0]!;
};
const stepsOf = (tasks: readonly ClaimedTask<TeaWork>[]): string[] => tasks.map(({ work }) => work.step);
const rowOf = async (orderId: string, step: string): Promise<Row> =>
  (await database.query<Row>('SELECT * FROM tea WHERE order_id = $1 AND step = $2', [orderId, step]))[0]!;
/** As if the lease or backoff of every row had run out. */
const letTimePass = (): Promise<unknown> => database.query('UPDATE tea SET next_attempt_at = now(), leased_until = NULL');
const HOUR_MS = 3_600_000;

describe('A task of a process table', () => {
  it('is claimed with all that its worker needs', async () => {
    const task = boil(randomUUID(), { cause: { id: randomUUID(), correlationId: 'flow 7', traceparent: '00-a-b-01' } });
    await add(task);
    expect(await claim()).toEqual([
      {
        orderId: task.orderId,
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
    const { orderId } = await claimOne();
    expect(await claim()).toEqual([]);
    const [lease] = await database.query<Row>(`SELECT leased_until - updated_at = interval '10 s' AS is_ten_seconds FROM tea`);
    expect(lease).toEqual({ is_ten_seconds: true });
    await letTimePass();
    expect(await claim()).toMatchObject([{ orderId, attempts: 2 }]);
  });

  it('is claimed once by many that ask at the same time, and in the order in which it became due', async () => {
    const orderIds = Array.from({ length: 40 }, () => randomUUID());
    // The last one was added first.
    for (const [index, orderId] of [...orderIds.entries()].toReversed()) {
      await add(boil(orderId));
      await database.query(`UPDATE tea SET next_attempt_at = now() - $2 * interval '1 s' WHERE order_id = $1`, [orderId, 40 - index]);
    }
    expect((await claim(3)).map(({ orderId }) => orderId).toSorted()).toEqual(orderIds.slice(0, 3).toSorted());
    const claimed = (await Promise.all(Array.from({ length: 8 }, () => claim(7)))).flat();
    expect(new Set(claimed.map(({ orderId }) => orderId)).size).toBe(claimed.length);
    while (claimed.length < 37) claimed.push(...(await claim(7)));
    expect(claimed.map(({ orderId }) => orderId).toSorted()).toEqual(orderIds.slice(3).toSorted());
  });

  it('is not hidden by others that are tried again and again, however many they are, and has room of its own', async () => {
    await database.query(
      `INSERT INTO tea (order_id, step, work, cause_id, correlation_id, attempts, next_attempt_at)
       SELECT gen_random_uuid(), 'boil', '{"step": "boil", "degrees": 95}', gen_random_uuid(), 'flow', 3, now() - interval '1 h' FROM generate_series(1, 20000)`,
    );
    const orderId = randomUUID();
    await add(boil(orderId));
    expect(await table.claim({ first: 5, repeated: 0 }, { overdueToo: true })).toMatchObject([{ orderId, attempts: 1, isRepeated: false }]);
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
      await transaction.query('SELECT FROM tea WHERE order_id = $1 FOR UPDATE', [locked]);
      expect((await claim()).map(({ orderId }) => orderId)).toEqual([free]);
    });
  });

  it('is not done before its time', async () => {
    const orderId = randomUUID();
    await add(boil(orderId, { dueAfterMs: HOUR_MS }));
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

  it('waits for the step before it, of its own order, also when that is not known yet', async () => {
    const [early, other] = [randomUUID(), randomUUID()];
    await add(pour(early), drink(early), boil(other));
    const elsewhere = await claimOne();
    await table.finish(elsewhere);
    expect(await claim()).toEqual([]);
    await add(boil(early));
    for (const step of ['boil', 'pour', 'drink']) {
      const claimed = await claimOne();
      expect([claimed.orderId, claimed.work.step]).toEqual([early, step]);
      expect(await claim(), 'while it is under way').toEqual([]);
      await table.finish(claimed);
    }
    expect(await claim()).toEqual([]);
  });

  it('says which steps wait for it', async () => {
    const [orderId, other] = [randomUUID(), randomUUID()];
    await add(boil(orderId), boil(other), pour(other));
    expect((await claim()).map((task) => [task.orderId, task.awaitedBy]).toSorted()).toEqual(
      [
        [orderId, []],
        [other, ['pour']],
      ].toSorted(),
    );
    await add(pour(orderId), newTask(orderId, { step: 'drink' }, { after: 'boil' }));
    await letTimePass();
    const again = (await claim()).find((task) => task.orderId === orderId)!;
    expect(again.awaitedBy.toSorted()).toEqual(['drink', 'pour']);
  });

  it('is not awaited by a step that need not be done any more', async () => {
    const orderId = randomUUID();
    await add(boil(orderId), pour(orderId));
    await database.transaction((transaction) => table.close(transaction, [{ orderId, step: 'pour' }]));
    expect(await claimOne()).toMatchObject({ awaitedBy: [] });
  });

  it('that is overdue is left alone unless it is asked for, and says so then', async () => {
    const [late, inTime, without] = [randomUUID(), randomUUID(), randomUUID()];
    await add(boil(late, { deadlineAfterMs: 0 }), boil(inTime, { deadlineAfterMs: HOUR_MS }), boil(without));
    const cautious = await claim(10, false);
    expect(cautious.map(({ orderId }) => orderId).toSorted()).toEqual([inTime, without].toSorted());
    expect(cautious.every(({ isOverdue }) => !isOverdue)).toBe(true);
    expect(await claimOne()).toMatchObject({ orderId: late, isOverdue: true, attempts: 1 });
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
    expect(await rowOf(first.orderId, 'boil')).toMatchObject({ state: 'pending', attempts: 1, last_error: 'no water' });
    await letTimePass();
    expect(await claimOne()).toMatchObject({ orderId: first.orderId, attempts: 2 });
  });

  it('is tried at once when a step comes that waits for it, once, and before all that are tried again', async () => {
    const [orderId, other] = [randomUUID(), randomUUID()];
    await add(boil(orderId), boil(other));
    for (const task of await claim()) await table.postpone(task, HOUR_MS, 'no water');
    await add(pour(orderId));
    const [hurried] = await table.claim({ first: 1, repeated: 0 }, { overdueToo: true });
    expect(hurried).toMatchObject({ orderId, attempts: 2, isRepeated: false, awaitedBy: ['pour'] });
    await table.postpone(hurried!, HOUR_MS, 'no water');
    await add(pour(orderId));
    expect(await claim(), 'that it waits is no news').toEqual([]);
  });

  it('is tried at once after the attempt during which such a step came, whose lease is not shortened', async () => {
    await add(boil(randomUUID()));
    const task = await claimOne();
    await add(pour(task.orderId));
    expect(await claim()).toEqual([]);
    await table.postpone(task, HOUR_MS, 'no water');
    expect(await claimOne()).toMatchObject({ attempts: 2, awaitedBy: ['pour'] });
  });

  it('says why in as much text as Postgres takes, and no more than anybody reads', async () => {
    await add(boil(randomUUID()));
    const task = await claimOne();
    await table.postpone(task, HOUR_MS, `NUL \0, half \ud800, ${'x'.repeat(100_000)}`);
    const { last_error: error } = await rowOf(task.orderId, 'boil');
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
    expect(await rowOf(slow.orderId, 'boil')).toMatchObject({ state: 'done', last_error: null });
  });

  it('stays with the worker that has it now, whatever one says that had it before', async () => {
    await add(boil(randomUUID()));
    const zombie = await claimOne();
    await letTimePass();
    await claimOne();
    await table.postpone(zombie, 0, 'of long ago');
    expect(await claim()).toEqual([]);
    expect(await rowOf(zombie.orderId, 'boil')).toMatchObject({ last_error: null, attempts: 2 });
  });
});

describe('A process table', () => {
  it('leaves rows alone that it has, done or not, and takes one of two that come together', async () => {
    const orderId = randomUUID();
    await add(boil(orderId), boil(orderId, { deadlineAfterMs: 0 }));
    const claimed = await claimOne();
    await table.postpone(claimed, HOUR_MS, 'no water');
    const pending = await rowOf(orderId, 'boil');
    await add(newTask(orderId, { step: 'boil', degrees: 80 }, { deadlineAfterMs: 0 }));
    expect(await rowOf(orderId, 'boil')).toEqual(pending);
    expect(pending).toMatchObject({ work: { step: 'boil', degrees: 95 }, deadline_at: null });
    await table.finish(claimed);
    const done = await rowOf(orderId, 'boil');
    await add(boil(orderId));
    expect(await rowOf(orderId, 'boil')).toEqual(done);
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
    const orderId = randomUUID();
    await add(boil(orderId), pour(orderId));
    await database.transaction((transaction) =>
      table.close(transaction, [
        { orderId, step: 'boil' },
        { orderId: randomUUID(), step: 'pour' },
      ]),
    );
    expect(stepsOf(await claim())).toEqual(['pour']);
  });

  it('leaves what is done as it is when it is closed', async () => {
    await add(boil(randomUUID()));
    const { orderId, ...task } = await claimOne();
    await table.finish({ orderId, ...task });
    const done = await rowOf(orderId, 'boil');
    await database.transaction((transaction) => table.close(transaction, [{ orderId, step: 'boil' }]));
    expect(await rowOf(orderId, 'boil')).toEqual(done);
  });

  it('has nothing to say of no tasks', async () => {
    await add();
    await database.transaction((transaction) => table.close(transaction, []));
    expect(await claim()).toEqual([]);
  });

  it('names the database when it does not answer', async () => {
    const away = new PostgresProcessTable<TeaWork>(new Database({ url: 'postgres://nobody:x@127.0.0.1:1/nothing' }), 'tea');
    await expect(away.claim({ first: 1, repeated: 1 }, { overdueToo: true })).rejects.toMatchObject({ dependency: 'postgres' });
  });
});
