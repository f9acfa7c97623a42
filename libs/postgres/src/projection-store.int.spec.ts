import { randomUUID } from 'node:crypto';
import {
  BEHIND_A_PARKED_EVENT,
  type BatchRecord,
  ConsumerHeld,
  DependencyUnavailable,
  type DeliveredEvent,
  type EventBatch,
  Projector,
  StalePosition,
} from '@orderstream/messaging';
import {
  type Delivery,
  type LoggedEvent,
  delivered,
  deliveries,
  logs,
  outcomeOf,
  progressContract,
  projectionStoreContract,
  theRest,
} from '@orderstream/messaging/testing';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Database, type Transaction } from './database.ts';
import { platformTables } from './migrations/0001-platform-tables.ts';
import { PostgresProjectionStore } from './projection-store.ts';
import { type ScratchDatabase, createScratchDatabase, runSql } from './testing/index.ts';

interface Counted {
  readonly type: 'Counted';
  readonly data: { readonly amount: number };
}

const adminUrl = process.env['TEST_DATABASE_URL']!;
let scratch: ScratchDatabase;
let database: Database;
/** Sees what is committed, and no more. */
let observer: Database;

beforeAll(async () => {
  scratch = await createScratchDatabase(adminUrl, [platformTables]);
  await runSql(
    scratch.url,
    'CREATE TABLE total (group_name text, stream text, amount int NOT NULL CHECK (amount < 1000), PRIMARY KEY (group_name, stream))',
  );
  database = new Database({ url: `${scratch.url}?application_name=projector` });
  observer = new Database({ url: scratch.url });
});
afterAll(async () => {
  await database.close();
  await observer.close();
  await scratch.drop();
});

projectionStoreContract('Postgres', () => ({
  store: new PostgresProjectionStore(database),
  async add(transaction, key, amount) {
    await transaction.query(
      `INSERT INTO total (group_name, stream, amount) VALUES ('contract', $1, $2)
       ON CONFLICT (group_name, stream) DO UPDATE SET amount = total.amount + excluded.amount`,
      [key, amount],
    );
  },
  async amountOf(key) {
    const [row] = await observer.query<{ amount: number }>(`SELECT amount FROM total WHERE group_name = 'contract' AND stream = $1`, [key]);
    return row?.amount ?? null;
  },
}));

const newGroup = (): string => `group-${randomUUID()}`;
const at = (group: string): { group: string; topic: string; partition: number } => ({ group, topic: 'orders', partition: 2 });

function record(stream: string, offset: number, amount: number, id: string = randomUUID()): BatchRecord<Counted> {
  const decoded = delivered<Counted>({ type: 'Counted', data: { amount } }, { id, stream, revision: offset });
  return { stream, offset: BigInt(offset), value: Buffer.from([0, 255, offset]), headers: { ce_id: decoded.id }, decoded };
}
const unreadable = (stream: string, offset: number, headers: Record<string, string> = {}): BatchRecord<Counted> => ({
  stream,
  offset: BigInt(offset),
  value: Buffer.from([0, 255, offset]),
  headers,
  undecodable: 'no magic byte',
});

function batchOf(group: string, ...records: BatchRecord<Counted>[]): EventBatch<Counted> {
  // A transaction marker lies behind the last record.
  return { ...at(group), records, fromOffset: 0n, nextOffset: (records.at(-1)?.offset ?? 0n) + 2n };
}

/** Additive, so that an event that is applied twice shows. Amount 1000 breaks the table's constraint. */
function addTo(group: string): (tx: Transaction, events: readonly DeliveredEvent<Counted>[]) => Promise<void> {
  return async (tx, events) => {
    await tx.query(
      `INSERT INTO total SELECT $1, stream, sum(amount) FROM unnest($2::text[], $3::int[]) AS counted (stream, amount) GROUP BY stream
       ON CONFLICT (group_name, stream) DO UPDATE SET amount = total.amount + excluded.amount`,
      [group, events.map(({ stream }) => stream), events.map(({ event }) => event.data.amount)],
    );
  };
}
async function totals(group: string): Promise<Record<string, number>> {
  const rows = await observer.query<{ stream: string; amount: number }>(
    'SELECT stream, amount FROM total WHERE group_name = $1 ORDER BY stream',
    [group],
  );
  return Object.fromEntries(rows.map(({ stream, amount }) => [stream, amount]));
}
async function nextOffset(group: string): Promise<number | undefined> {
  const [row] = await observer.query<{ next_offset: string }>('SELECT next_offset FROM projection_position WHERE group_name = $1', [group]);
  return row && Number(row.next_offset);
}
async function parked(group: string): Promise<string[]> {
  const rows = await observer.query<{ stream: string; record_offset: string; cause: string }>(
    'SELECT stream, record_offset, cause FROM parked_event WHERE group_name = $1 ORDER BY record_offset',
    [group],
  );
  return rows.map(({ stream, record_offset, cause }) => `${stream}/${record_offset}: ${cause}`);
}

/** A rebuild: the rows go, and the topic is read from its beginning. */
async function startOver(group: string): Promise<void> {
  await observer.query('DELETE FROM total WHERE group_name = $1', [group]);
  await observer.query('UPDATE projection_position SET next_offset = 0 WHERE group_name = $1', [group]);
}

const projectorOn = (on: Database): Projector<Transaction> =>
  new Projector(new PostgresProjectionStore(on), { group: 'shared', models: [] });

/** A process of its own that was given the partition. */
async function assigned(group: string, on = database): Promise<Projector<Transaction>> {
  const projector = projectorOn(on);
  await projector.load(group, 'orders', [2]);
  return projector;
}

progressContract('The progress of projections', () => ({
  topic: 'orders',
  start: () => projectorOn(database),
  handle: async (progress, group, { partition, nextOffset, last }) => {
    const records = [record('a', Number(last!.offset), 1, last!.eventId)];
    await (progress as Projector<Transaction>).project(
      { group, topic: 'orders', partition, records, fromOffset: 0n, nextOffset },
      addTo(group),
    );
  },
}));

describe('A projection', () => {
  it('goes on behind what can not be read, and knows the last event that can', async () => {
    const group = newGroup();
    const projector = await assigned(group);
    await projector.project(batchOf(group, record('a', 5, 1), record('b', 7, 2)), addTo(group));
    await projector.project(batchOf(group, record('a', 9, 10), unreadable('c', 11)), addTo(group));
    expect(await totals(group)).toEqual({ a: 11, b: 2 });
    expect(await projectorOn(database).load(group, 'orders', [2])).toMatchObject([{ nextOffset: 13n, last: { offset: 9n } }]);
  });

  it('gets all events of a batch in one call, in their order', async () => {
    const group = newGroup();
    const calls: string[][] = [];
    const projector = await assigned(group);
    await projector.project(batchOf(group, record('a', 0, 1), record('b', 1, 1), record('a', 2, 1)), async (_, events) => {
      calls.push(events.map(({ stream, revision }) => `${stream}/${revision}`));
    });
    expect(calls).toEqual([['a/0', 'b/1', 'a/2']]);
  });

  it('shows its rows and its position together or not at all', async () => {
    const group = newGroup();
    const projector = await assigned(group);
    const seen: unknown[] = [];
    await projector.project(batchOf(group, record('a', 0, 1)), async (tx, events) => {
      await addTo(group)(tx, events);
      const inside = await tx.query<{ next_offset: string }>('SELECT next_offset FROM projection_position WHERE group_name = $1', [group]);
      seen.push(inside[0]?.next_offset, await nextOffset(group), await totals(group));
    });
    expect(seen).toEqual(['2', 0, {}]);
    expect([await nextOffset(group), await totals(group)]).toEqual([2, { a: 1 }]);
  });

  it('that dies before its commit leaves neither rows nor position, and applies once when it is back', async () => {
    const group = newGroup();
    const batch = batchOf(group, record('a', 0, 1), record('b', 1, 2));
    const projector = await assigned(group);
    const dying = projector.project(batch, async (tx, events) => {
      await addTo(group)(tx, events);
      const [{ pid } = { pid: 0 }] = await tx.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      await runSql(adminUrl, 'SELECT pg_terminate_backend($1, 5000)', [pid]);
    });
    await expect(dying).rejects.toBeInstanceOf(DependencyUnavailable);
    expect([await nextOffset(group), await totals(group)]).toEqual([0, {}]);

    const restarted = await assigned(group);
    await restarted.project(batch, addTo(group));
    expect([await nextOffset(group), await totals(group)]).toEqual([3, { a: 1, b: 2 }]);
  });

  it('of a process that was taken for dead changes nothing when it comes back', async () => {
    const group = newGroup();
    const batch = batchOf(group, record('a', 0, 1), unreadable('b', 1));
    const zombie = await assigned(group);
    const successor = await assigned(group);
    await successor.project(batch, addTo(group));
    const late = zombie.project(batch, async () => expect.unreachable('it is told before it touches a row'));
    await expect(late).rejects.toBeInstanceOf(StalePosition);
    expect([await nextOffset(group), await totals(group)]).toEqual([3, { a: 1 }]);
    expect(await parked(group)).toHaveLength(1);
  });

  it('that two processes apply at once is applied once', async () => {
    const group = newGroup();
    const batch = batchOf(group, record('a', 0, 1));
    const members = await Promise.all([assigned(group), assigned(group), assigned(group)]);
    const outcomes = await Promise.allSettled(members.map((member) => member.project(batch, addTo(group))));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await totals(group)).toEqual({ a: 1 });
  });

  it('takes no batch twice when its position was loaded while that batch was under way', async () => {
    const group = newGroup();
    const batch = batchOf(group, record('a', 0, 1));
    const projector = await assigned(group);
    await projector.project(batch, async (tx, events) => {
      await projector.load(group, 'orders', [2]);
      await addTo(group)(tx, events);
    });
    await projector.project(batch, addTo(group));
    expect(await totals(group)).toEqual({ a: 1 });
  });

  it('takes nothing behind a gap: what lies before the batch has not been seen', async () => {
    const group = newGroup();
    const projector = await assigned(group);
    const behindGap = { ...batchOf(group, record('a', 7, 1)), fromOffset: 6n };
    await expect(projector.project(behindGap, addTo(group))).rejects.toThrow(/: it is at 0, and the batch begins at 6$/);
    await projector.project({ ...behindGap, fromOffset: 0n }, addTo(group));
    expect([await nextOffset(group), await totals(group)]).toEqual([9, { a: 1 }]);
  });

  it('takes nothing of a partition whose position it has not loaded', async () => {
    const group = newGroup();
    await expect(projectorOn(database).project(batchOf(group, record('a', 0, 1)), addTo(group))).rejects.toBeInstanceOf(StalePosition);
  });
});

describe('A poisoned event', () => {
  it('parks itself and what is behind it in its stream, and nothing else', async () => {
    const group = newGroup();
    const projector = await assigned(group);
    await projector.project(
      batchOf(group, record('a', 0, 1), record('a', 1, 1000), record('b', 2, 2), record('a', 3, 5), record('c', 4, 3)),
      addTo(group),
    );
    expect(await totals(group)).toEqual({ a: 1, b: 2, c: 3 });
    expect(await parked(group)).toEqual([expect.stringMatching(/^a\/1: .*violates check constraint/), `a/3: ${BEHIND_A_PARKED_EVENT}`]);
    expect(await nextOffset(group)).toBe(6);
  });

  it('still holds its stream, and only that, after a restart', async () => {
    const group = newGroup();
    await (await assigned(group)).project(batchOf(group, record('a', 0, 1000), record('b', 1, 1)), addTo(group));
    const restarted = await assigned(group);
    await restarted.project(batchOf(group, record('a', 3, 1), record('b', 4, 1)), addTo(group));
    await restarted.project(batchOf(group, record('b', 6, 1), record('a', 7, 1)), addTo(group));
    expect(await totals(group)).toEqual({ b: 3 });
    expect((await parked(group)).map((each) => each.split(':')[0])).toEqual(['a/0', 'a/3', 'a/7']);
    expect(await nextOffset(group)).toBe(9);
  });

  it('parks also when it is the code and not the database that can not take it', async () => {
    const group = newGroup();
    const projector = await assigned(group);
    await projector.project(batchOf(group, record('a', 0, 1), record('b', 1, -1)), async (tx, events) => {
      await addTo(group)(tx, events);
      if (events.some(({ event }) => event.data.amount < 0)) throw new RangeError('an amount below zero');
    });
    expect(await totals(group)).toEqual({ a: 1 });
    expect(await parked(group)).toEqual(['b/1: an amount below zero']);
  });

  it('of one group holds no other group', async () => {
    const [one, other] = [newGroup(), newGroup()];
    const batch = (group: string): EventBatch<Counted> => batchOf(group, unreadable('a', 0), record('b', 1, 1));
    await (await assigned(one)).project(batch(one), addTo(one));
    const projector = await assigned(other);
    await projector.project(batchOf(other, record('a', 0, 1)), addTo(other));
    expect([await totals(one), await totals(other)]).toEqual([{ b: 1 }, { a: 1 }]);
  });

  it('does not hold what stands before it when the topic is read again from its beginning', async () => {
    const group = newGroup();
    const batch = batchOf(group, record('a', 0, 1), record('a', 1, 1000), record('b', 2, 2), record('a', 3, 5));
    await (await assigned(group)).project(batch, addTo(group));
    const before = await parked(group);
    await startOver(group);
    await (await assigned(group)).project(batch, addTo(group));
    expect([await totals(group), await parked(group)]).toEqual([{ a: 1, b: 2 }, before]);
  });

  it('that is redriven lets its stream go on', async () => {
    const group = newGroup();
    const projector = await assigned(group);
    await projector.project(batchOf(group, record('a', 0, 1000)), addTo(group));
    await observer.query('DELETE FROM parked_event WHERE group_name = $1', [group]);
    await projector.project(batchOf(group, record('a', 2, 1)), addTo(group));
    expect([await totals(group), await parked(group)]).toEqual([{ a: 1 }, []]);
  });

  it('that is being redriven keeps the batch waiting, which then sees how it ended', async () => {
    const group = newGroup();
    const projector = await assigned(group);
    await projector.project(batchOf(group, record('a', 0, 1000)), addTo(group));
    let waiting: Promise<void> | undefined;
    await observer.transaction(async (redrive) => {
      await redrive.query('SELECT FROM projection_position WHERE group_name = $1 FOR UPDATE', [group]);
      waiting = projector.project(batchOf(group, record('a', 2, 1)), addTo(group));
      await expect
        .poll(() => observer.query(`SELECT FROM pg_stat_activity WHERE application_name = 'projector' AND wait_event_type = 'Lock'`))
        .toHaveLength(1);
      await redrive.query('DELETE FROM parked_event WHERE group_name = $1', [group]);
    });
    await waiting;
    expect([await totals(group), await parked(group)]).toEqual([{ a: 1 }, []]);
  });
});

describe('A record that can not be decoded', () => {
  it('is parked with its bytes, headers and cause, and the position passes it', async () => {
    const group = newGroup();
    const projector = await assigned(group);
    const headers = { ce_id: 'ä"\\', traceparent: '00-1' };
    await projector.project(batchOf(group, unreadable('a', 0, headers), record('a', 1, 1), record('b', 2, 2)), addTo(group));
    expect(await totals(group)).toEqual({ b: 2 });
    expect(await parked(group)).toEqual(['a/0: no magic byte', `a/1: ${BEHIND_A_PARKED_EVENT}`]);
    const [row] = await observer.query(
      'SELECT value, headers, topic, partition FROM parked_event WHERE group_name = $1 AND record_offset = 0',
      [group],
    );
    expect(row).toEqual({ value: Buffer.from([0, 255, 0]), headers, topic: 'orders', partition: 2 });
  });

  it('needs nobody to apply anything when it is alone', async () => {
    const group = newGroup();
    const projector = await assigned(group);
    await projector.project(batchOf(group, { ...unreadable('', 0), value: null }), async () => expect.unreachable());
    expect(await parked(group)).toEqual(['/0: no magic byte']);
    expect((await projector.load(group, 'orders', [2]))[0]).toEqual({ partition: 2, nextOffset: 2n, last: null });
  });

  it('is parked even when its key and headers hold what Postgres does not take as text', async () => {
    const group = newGroup();
    const projector = await assigned(group);
    const key = 'order-\0\uD800';
    await projector.project(batchOf(group, unreadable(key, 0, { 'x\0': '\0' })), addTo(group));
    await projector.project(batchOf(group, record(key, 3, 1), record('b', 4, 1)), addTo(group));
    expect(await totals(group)).toEqual({ b: 1 });
    expect((await parked(group)).map((each) => each.split(': ')[1])).toEqual(['no magic byte', BEHIND_A_PARKED_EVENT]);
  });
});

describe('A fault that no event is to blame for', () => {
  it.each([
    ['a dependency that does not answer', new DependencyUnavailable('personal-data', 'refused')],
    ['a lost race', new StalePosition('somewhere else')],
  ])('such as %s parks nothing and changes nothing', async (_, fault) => {
    const group = newGroup();
    const projector = await assigned(group);
    const failing = projector.project(batchOf(group, record('a', 0, 1), unreadable('b', 1)), async (tx, events) => {
      await addTo(group)(tx, events);
      throw fault;
    });
    await expect(failing).rejects.toBe(fault);
    expect([await nextOffset(group), await totals(group), await parked(group)]).toEqual([0, {}, []]);
    await projector.project(batchOf(group, record('a', 0, 1)), addTo(group));
    expect(await totals(group)).toEqual({ a: 1 });
  });

  it('parks nothing either when it comes while a poisoned event is being found', async () => {
    const group = newGroup();
    const projector = await assigned(group);
    let calls = 0;
    const failing = projector.project(batchOf(group, record('a', 0, 1000), record('b', 1, 1)), async (tx, events) => {
      calls += 1;
      if (calls === 4) throw new DependencyUnavailable('personal-data', 'refused');
      await addTo(group)(tx, events);
    });
    await expect(failing).rejects.toBeInstanceOf(DependencyUnavailable);
    expect([await nextOffset(group), await totals(group), await parked(group)]).toEqual([0, {}, []]);
  });
});

describe('A projection that fails on everything', () => {
  const refuse = async (): Promise<void> => {
    throw new TypeError('x is undefined');
  };

  it('parks five streams one by one, and then holds, also in another process; a build that works goes on where it was', async () => {
    const group = newGroup();
    const projector = await assigned(group);
    for (const [nth, stream] of ['a', 'b', 'c', 'd', 'e'].entries())
      await projector.project(batchOf(group, record(stream, 2 * nth, 1)), refuse);
    const sixth = batchOf(group, record('f', 10, 1), record('a', 11, 1), record('g', 12, 1));
    await expect(projector.project(sixth, refuse)).rejects.toThrow(ConsumerHeld);
    const restarted = await assigned(group);
    await expect(restarted.project(sixth, refuse)).rejects.toThrow(/^more than 5 streams fail with the same cause/);
    expect([await parked(group), await nextOffset(group)]).toEqual([expect.objectContaining({ length: 5 }), 10]);
    await restarted.project(sixth, addTo(group));
    expect([await totals(group), await nextOffset(group)]).toEqual([{ f: 1, g: 1 }, 14]);
    expect(await parked(group)).toHaveLength(6);
  });

  it('parks and moves nothing at all when one batch is too much', async () => {
    const group = newGroup();
    const projector = await assigned(group);
    const many = batchOf(group, ...Array.from({ length: 40 }, (_, nth) => record(`order-${nth}`, nth, 1)));
    await expect(projector.project(many, refuse)).rejects.toThrow(ConsumerHeld);
    expect([await parked(group), await nextOffset(group)]).toEqual([[], 0]);
    await projector.project(many, addTo(group));
    expect(Object.keys(await totals(group))).toHaveLength(40);
  });
});

describe('Whatever is delivered again and whatever fails in between', () => {
  /** A projector's partition through restarts, outages and rebuilds. */
  async function play(log: readonly LoggedEvent[], schedule: readonly Delivery[]): Promise<string> {
    const group = newGroup();
    const records = log.map(({ stream, offset, soundness }) =>
      soundness === 'undecodable' ? unreadable(stream, offset) : record(stream, offset, soundness === 'sound' ? 1 : 1000),
    );
    let calls = 0;
    let projector = await assigned(group);
    const take = async ({ again, next, failsAtCall, isDoneAllTheSame }: Delivery): Promise<void> => {
      calls = 0;
      const position = (await nextOffset(group))!;
      const committed = records.filter(({ offset }) => offset < position).length;
      const from = Math.max(0, committed - again);
      const batch = {
        ...batchOf(group, ...records.slice(from, committed + next)),
        fromOffset: records[from] === undefined || from === committed ? BigInt(position) : records[from].offset,
        nextOffset: records[committed + next]?.offset ?? 1_000n,
      };
      const apply = async (tx: Transaction, events: readonly DeliveredEvent<Counted>[]): Promise<void> => {
        const fails = calls++ === failsAtCall;
        if (!fails || isDoneAllTheSame) await addTo(group)(tx, events);
        if (fails) throw new DependencyUnavailable('anything', 'away');
      };
      await projector.project(batch, apply).catch(async (fault: unknown) => {
        if (!(fault instanceof DependencyUnavailable || fault instanceof StalePosition)) throw fault;
        projector = await assigned(group);
      });
    };
    for (const delivery of [...schedule, theRest]) {
      if (delivery.startsOver) {
        await startOver(group);
        projector = await assigned(group);
      }
      await take(delivery);
    }
    return group;
  }

  it('a projection ends with the same applied and parked', async () => {
    await fc.assert(
      fc.asyncProperty(logs, deliveries, async (log, schedule) => {
        const group = await play(log, schedule);
        const { handled, parked: expected } = outcomeOf(log);
        expect(await totals(group)).toEqual(
          Object.fromEntries([...Map.groupBy(handled, ({ stream }) => stream)].map(([stream, own]) => [stream, own.length])),
        );
        expect((await parked(group)).map((line) => line.split(':')[0])).toEqual(
          expected.map(({ stream, offset }) => `${stream}/${offset}`),
        );
      }),
      { numRuns: 40 },
    );
  });
});
