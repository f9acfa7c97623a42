import { type BatchRecord, type DeliveredEvent, type EventBatch, Projector, StalePosition } from '@orderstream/messaging';
import { delivered } from '@orderstream/messaging/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { column } from './columns.ts';
import { Database, type Transaction } from './database.ts';
import { platformTables } from './migrations/0001-platform-tables.ts';
import { PostgresProjectionStore } from './projection-store.ts';
import { type Projection, projectionOf } from './read-model.ts';
import { SumRows } from './sum-rows.ts';
import { type ScratchDatabase, createScratchDatabase, runSql } from './testing/index.ts';

const PARTITION = 2;
let scratch: ScratchDatabase;
let database: Database;

beforeAll(async () => {
  scratch = await createScratchDatabase(process.env['TEST_DATABASE_URL']!, [platformTables]);
  for (const table of ['listed', 'delisted']) {
    await runSql(scratch.url, `CREATE TABLE ${table} (sku text PRIMARY KEY, times bigint NOT NULL CHECK (times < 1000))`);
  }
  database = new Database({ url: scratch.url });
});
beforeEach(() => database.query('TRUNCATE listed, delisted, projection_position, parked_event'));
afterAll(async () => {
  await database.close();
  await scratch.drop();
});

/** How often a product was listed: a sum, so that an event that is applied twice, or never, shows. */
const listed = projectionOf(
  'listed',
  new SumRows({
    table: 'listed',
    category: 'product',
    keys: { sku: column('text') },
    sums: ['times'],
    add: { ProductListed: ({ sku }) => [{ sku, times: 1 }] },
  }),
);
let isBroken = false;
const delisted = projectionOf(
  'delisted',
  new SumRows({
    table: 'delisted',
    category: 'product',
    keys: { sku: column('text') },
    sums: ['times'],
    add: {
      ProductListed: ({ sku }) => {
        if (isBroken) throw new TypeError('Cannot read properties of undefined');
        // No row may have so many.
        return [{ sku, times: sku.startsWith('poison') ? 1_000 : 1 }];
      },
    },
  }),
);

const record = (offset: number, sku = 'TEA'): BatchRecord => {
  const event = { type: 'ProductListed', data: { sku } };
  const decoded: DeliveredEvent = delivered(event, { stream: `product-${sku}`, revision: offset });
  return { stream: decoded.stream, offset: BigInt(offset), value: null, headers: {}, decoded };
};
/** A transaction marker lies behind the last record. */
const batchOf = (...records: readonly BatchRecord[]): EventBatch => ({
  group: 'all',
  topic: 'catalog',
  partition: PARTITION,
  records,
  fromOffset: records[0]?.offset ?? 0n,
  nextOffset: (records.at(-1)?.offset ?? 0n) + 2n,
});
const start = async (...models: readonly Projection[]): Promise<Projector<Transaction>> => {
  const projector = new Projector(new PostgresProjectionStore(database), { group: 'all', models });
  await load(projector);
  return projector;
};
const load = async (projector: Projector<Transaction>): Promise<bigint> =>
  (await projector.load('all', 'catalog', [PARTITION]))[0]!.nextOffset;
const rowsIn = async (table: string): Promise<Record<string, number>> =>
  Object.fromEntries(
    (await database.query<{ sku: string; times: string }>(`SELECT sku, times FROM ${table}`)).map(({ sku, times }) => [sku, Number(times)]),
  );
const positions = async (): Promise<Record<string, number>> =>
  Object.fromEntries(
    (await database.query<{ group_name: string; next_offset: string }>('SELECT group_name, next_offset FROM projection_position')).map(
      ({ group_name, next_offset }) => [group_name, Number(next_offset)],
    ),
  );
const lastOffsets = async (): Promise<number[]> =>
  (await database.query<{ last_offset: string }>('SELECT last_offset FROM projection_position')).map(({ last_offset }) =>
    Number(last_offset),
  );
const parked = (): Promise<object[]> =>
  database.query('SELECT group_name AS model, stream FROM parked_event ORDER BY group_name, record_offset');

/** The statements of releases in which every read model was a consumer of its own: they may run beside this one. */
async function olderRelease({ name, tables }: Projection): Promise<(batch: EventBatch) => Promise<void>> {
  const at = [name, 'catalog', PARTITION];
  const [row] = await database.query<{ next_offset: string }>(
    'SELECT next_offset FROM projection_position WHERE group_name = $1 AND topic = $2 AND partition = $3',
    at,
  );
  return ({ records, nextOffset }) =>
    database.transaction(async (transaction) => {
      const last = records.at(-1)!;
      const moved = await transaction.query(
        `UPDATE projection_position AS position SET next_offset = $5, updated_at = clock_timestamp(),
           last_offset = coalesce($6, last_offset), last_event_id = coalesce($7, last_event_id)
         WHERE group_name = $1 AND topic = $2 AND partition = $3 AND next_offset = $4 RETURNING 1`,
        [...at, row!.next_offset, nextOffset, last.offset, last.decoded!.id],
      );
      if (moved.length === 0) throw new Error('the position has been moved');
      for (const table of tables)
        await table.apply(
          transaction,
          records.map(({ decoded }) => decoded!),
          [],
        );
    });
}

describe('Batches of several partitions that come together', () => {
  const OTHER = 4;
  const other = (...records: readonly BatchRecord[]): EventBatch => ({ ...batchOf(...records), partition: OTHER });
  const startWithBoth = async (): Promise<Projector<Transaction>> => {
    const projector = await start(listed, delisted);
    await projector.load('all', 'catalog', [OTHER]);
    return projector;
  };

  it('are applied in one transaction', async () => {
    const projector = await startWithBoth();
    const transactions = vi.spyOn(database, 'transaction');
    await Promise.all([projector.take(batchOf(record(0), record(1, 'CUP'))), projector.take(other(record(0), record(1, 'POT')))]);
    expect(transactions).toHaveBeenCalledTimes(1);
    transactions.mockRestore();
    for (const table of ['listed', 'delisted']) expect(await rowsIn(table)).toEqual({ TEA: 2, CUP: 1, POT: 1 });
    expect(await lastOffsets()).toEqual([1, 1, 1, 1]);
  });

  it('go on each by itself when one of them has a poisoned event', async () => {
    const projector = await startWithBoth();
    await Promise.all([projector.take(batchOf(record(0, 'poison'))), projector.take(other(record(0)))]);
    expect([await rowsIn('listed'), await rowsIn('delisted')]).toEqual([{ TEA: 1, poison: 1 }, { TEA: 1 }]);
    expect(await parked()).toEqual([{ model: 'delisted', stream: 'product-poison' }]);
  });

  it('go on each by itself when somebody else has moved one of them', async () => {
    const [projector, successor] = [await startWithBoth(), await startWithBoth()];
    await successor.take(other(record(0)));
    const outcomes = await Promise.allSettled([projector.take(batchOf(record(0, 'CUP'))), projector.take(other(record(0)))]);
    expect(outcomes).toMatchObject([{ status: 'fulfilled' }, { status: 'rejected', reason: expect.any(StalePosition) }]);
    for (const table of ['listed', 'delisted']) expect(await rowsIn(table)).toEqual({ TEA: 1, CUP: 1 });
  });
});

describe('A batch that concerns no read model', () => {
  const received = (offset: number): BatchRecord => {
    const decoded = delivered({ type: 'ProductPriceChanged', data: { sku: 'TEA' } }, { stream: 'product-TEA', revision: offset });
    return { stream: decoded.stream, offset: BigInt(offset), value: null, headers: {}, decoded };
  };

  it('moves positions without a transaction, which are written within a second', async () => {
    const projector = await start(listed, delisted);
    const transactions = vi.spyOn(database, 'transaction');
    await projector.take(batchOf(received(0)));
    await projector.take(batchOf(received(2), received(3)));
    expect(projector.standing('all', 'catalog', PARTITION, 5n)).toEqual({ isElsewhere: false, heldBy: null });
    expect(await positions()).toEqual({ listed: 0, delisted: 0 });
    expect(transactions).toHaveBeenCalledTimes(0);
    await vi.waitFor(async () => expect(await positions()).toEqual({ listed: 5, delisted: 5 }), 10_000);
    expect(transactions).toHaveBeenCalledTimes(1);
    transactions.mockRestore();
    expect(await lastOffsets()).toEqual([3, 3]);
  });

  it('is written with the next that does, against what was last written', async () => {
    const [projector, zombie] = [await start(listed, delisted), await start(listed, delisted)];
    for (const each of [projector, zombie]) await each.take(batchOf(received(0)));
    const batch = { ...batchOf(record(2)), fromOffset: 2n };
    await projector.take(batch);
    expect(await positions()).toEqual({ listed: 4, delisted: 4 });
    await expect(zombie.take(batch)).rejects.toThrow(StalePosition);
    expect(await rowsIn('listed')).toEqual({ TEA: 1 });
    await Promise.all([projector.write(), zombie.write()]);
    expect(await positions()).toEqual({ listed: 4, delisted: 4 });
  });

  it('is written before the position is loaded again, and when it is asked for', async () => {
    const projector = await start(listed, delisted);
    await projector.take(batchOf(received(0)));
    expect(await load(projector)).toBe(2n);
    expect(await positions()).toEqual({ listed: 2, delisted: 2 });
    await projector.take({ ...batchOf(received(2)), fromOffset: 2n });
    await projector.write();
    expect(await positions()).toEqual({ listed: 4, delisted: 4 });
  });

  it('takes nothing from who has the partition now, and its process learns that', async () => {
    const [late, successor] = [await start(listed, delisted), await start(listed, delisted)];
    await late.take(batchOf(received(0)));
    await successor.take({ ...batchOf(record(2)), fromOffset: 0n });
    await late.write();
    expect(await positions()).toEqual({ listed: 4, delisted: 4 });
    await expect(late.take({ ...batchOf(received(2)), fromOffset: 2n })).rejects.toThrow(StalePosition);
    expect([await load(late), await rowsIn('listed')]).toEqual([4n, { TEA: 1 }]);
  });

  it('is none when a record of it can not be read', async () => {
    const projector = await start(listed, delisted);
    const { stream } = received(0);
    await projector.take(batchOf({ stream, offset: 0n, value: null, headers: {}, undecodable: 'no magic byte' }));
    expect(await positions()).toEqual({ listed: 2, delisted: 2 });
    expect(await parked()).toHaveLength(2);
  });

  it('is tried again when Postgres was away', async () => {
    const projector = await start(listed, delisted);
    await projector.take(batchOf(received(0)));
    await database.query('ALTER TABLE projection_position RENAME TO away');
    await expect(projector.write()).rejects.toThrow('does not exist');
    await database.query('ALTER TABLE away RENAME TO projection_position');
    await vi.waitFor(async () => expect(await positions()).toEqual({ listed: 2, delisted: 2 }), 10_000);
  });
});

describe('The read models of a service', () => {
  beforeEach(() => void (isBroken = false));

  it('get each batch together, and move together', async () => {
    const projector = await start(listed, delisted);
    await projector.take(batchOf(record(0), record(1, 'CUP')));
    await projector.take(batchOf(record(3)));
    expect([await rowsIn('listed'), await rowsIn('delisted')]).toEqual([
      { TEA: 2, CUP: 1 },
      { TEA: 2, CUP: 1 },
    ]);
    expect(await positions()).toEqual({ listed: 5, delisted: 5 });
    expect(await load(await start(listed, delisted))).toBe(5n);
  });

  it('are read from the beginning for one that is new, and the others ignore what they have', async () => {
    await (await start(listed)).take(batchOf(record(0), record(1)));
    const projector = await start(listed, delisted);
    expect(await load(projector)).toBe(0n);
    await projector.take({ ...batchOf(record(0)), nextOffset: 1n });
    await projector.take(batchOf(record(1), record(3)));
    expect([await rowsIn('listed'), await rowsIn('delisted')]).toEqual([{ TEA: 3 }, { TEA: 3 }]);
    expect(await positions()).toEqual({ listed: 5, delisted: 5 });
  });

  it('park what one of them fails on for that one alone', async () => {
    const projector = await start(listed, delisted);
    await projector.take(batchOf(record(0), record(1, 'poison'), record(2, 'poison'), record(3, 'CUP')));
    expect(await rowsIn('listed')).toEqual({ TEA: 1, poison: 2, CUP: 1 });
    expect(await rowsIn('delisted')).toEqual({ TEA: 1, CUP: 1 });
    expect(await parked()).toEqual([
      { model: 'delisted', stream: 'product-poison' },
      { model: 'delisted', stream: 'product-poison' },
    ]);
    await projector.take(batchOf(record(5, 'poison')));
    expect(await rowsIn('listed')).toMatchObject({ poison: 3 });
    expect(await parked()).toHaveLength(3);
    expect(await positions()).toEqual({ listed: 7, delisted: 7 });
  });

  it('go on without one that fails on everything, which catches up when it works again', async () => {
    const projector = await start(listed, delisted);
    const skus = Array.from({ length: 8 }, (_, nth) => `SKU-${nth}`);
    isBroken = true;
    await projector.take(batchOf(...skus.map((sku, offset) => record(offset, sku))));
    await projector.take(batchOf(record(9)));
    expect(await positions()).toEqual({ listed: 11, delisted: 0 });
    expect(await parked()).toEqual([]);
    const aside = projector.standing('all', 'catalog', PARTITION, 11n);
    expect(aside.heldBy).toMatch(/^delisted: more than 5 streams fail with the same cause/);

    isBroken = false;
    await vi.waitFor(() => expect(projector.standing('all', 'catalog', PARTITION, 11n).isElsewhere).toBe(true));
    expect(await load(projector)).toBe(0n);
    await projector.take(batchOf(...skus.map((sku, offset) => record(offset, sku))));
    await projector.take(batchOf(record(9)));
    expect(await rowsIn('delisted')).toEqual(await rowsIn('listed'));
    expect(projector.standing('all', 'catalog', PARTITION, 11n)).toEqual({ isElsewhere: false, heldBy: null });
  });

  it('are read where the others are when the one that was tried again fails again', async () => {
    const projector = await start(listed, delisted);
    const skus = Array.from({ length: 8 }, (_, nth) => `SKU-${nth}`);
    isBroken = true;
    const first = batchOf(...skus.map((sku, offset) => record(offset, sku)));
    await projector.take(first);
    await projector.take(batchOf(record(9)));
    await vi.waitFor(() => expect(projector.standing('all', 'catalog', PARTITION, 11n).isElsewhere).toBe(true));
    expect(await load(projector)).toBe(0n);
    await projector.take(first);
    expect(projector.standing('all', 'catalog', PARTITION, 9n)).toMatchObject({ isElsewhere: true });
    expect(await load(projector)).toBe(11n);
    expect(await rowsIn('listed')).toMatchObject({ 'SKU-0': 1, TEA: 1 });
  });

  it('hold their consumer only when none of them goes on', async () => {
    const projector = await start(delisted);
    isBroken = true;
    const batch = batchOf(...Array.from({ length: 8 }, (_, offset) => record(offset, `SKU-${offset}`)));
    await expect(projector.take(batch)).rejects.toThrow('more than 5 streams');
    isBroken = false;
    expect(await load(projector)).toBe(0n);
    await projector.take(batch);
    expect(await positions()).toEqual({ delisted: 9 });
  });

  it('are moved by one process alone: who comes late changes nothing', async () => {
    const [one, other] = [await start(listed, delisted), await start(listed, delisted)];
    await one.take(batchOf(record(0)));
    await expect(other.take(batchOf(record(0)))).rejects.toThrow(StalePosition);
    expect([await rowsIn('listed'), await rowsIn('delisted')]).toEqual([{ TEA: 1 }, { TEA: 1 }]);
    expect(await load(other)).toBe(2n);
  });

  it('share their positions with a release that has a consumer for each', async () => {
    const projector = await start(listed, delisted);
    const older = await olderRelease(listed);
    await projector.take(batchOf(record(0)));
    await expect(older(batchOf(record(0)))).rejects.toThrow('the position has been moved');
    await (
      await olderRelease(listed)
    )(batchOf(record(2)));
    await expect(projector.take(batchOf(record(2)))).rejects.toThrow(StalePosition);
    expect(await load(projector)).toBe(2n);
    await projector.take(batchOf(record(2)));
    expect([await rowsIn('listed'), await rowsIn('delisted')]).toEqual([{ TEA: 2 }, { TEA: 2 }]);
    expect(await positions()).toEqual({ listed: 4, delisted: 4 });
  });
});
