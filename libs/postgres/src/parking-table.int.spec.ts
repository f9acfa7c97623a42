import { randomBytes } from 'node:crypto';
import { BEHIND_A_PARKED_EVENT, type ParkedRecord, type Partition, type RawRecord, react } from '@orderstream/messaging';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Database, type Transaction } from './database.ts';
import { platformTables } from './migrations/0001-platform-tables.ts';
import { ParkingTable } from './parking-table.ts';
import { type ScratchDatabase, createScratchDatabase } from './testing/index.ts';

let scratch: ScratchDatabase;
let database: Database;

beforeAll(async () => {
  scratch = await createScratchDatabase(process.env['TEST_DATABASE_URL']!, [platformTables]);
  database = new Database({ url: scratch.url });
});
afterAll(async () => {
  await database.close();
  await scratch.drop();
});

const here: Partition = { group: 'reactor', topic: 'orders', partition: 1 };
const raw = (stream: string, offset: bigint, value: Buffer | null = Buffer.from([1])): RawRecord => ({
  stream,
  offset,
  value,
  headers: {},
});

describe('The parking table', () => {
  it('tells from where on a stream is held, in one group and partition', async () => {
    const parking = new ParkingTable(database);
    const records = [raw('a', 3n), raw('a', 1n), raw('b', 2n, null)].map((record) => ({ record, cause: 'x' }));
    expect(await parking.park(here, records)).toEqual(records);
    expect(await parking.firstParked(here, ['a', 'b', 'c', 'a'])).toEqual(
      new Map([
        ['a', 1n],
        ['b', 2n],
      ]),
    );
    expect(await parking.firstParked({ ...here, group: 'other' }, ['a'])).toEqual(new Map());
    expect(await parking.firstParked({ ...here, partition: 2 }, ['a'])).toEqual(new Map());
    expect(await parking.firstParked(here, [])).toEqual(new Map());
  });

  it('tells what was parked on its own account, near one place', async () => {
    const parking = new ParkingTable(database);
    const at = { ...here, group: 'near' };
    const parked = (offset: bigint, cause: string): ParkedRecord => ({ record: raw('a', offset), cause });
    await parking.park(at, [parked(5n, 'x'), parked(6n, BEHIND_A_PARKED_EVENT), parked(7n, 'y'), parked(9n, 'z')]);
    expect(await parking.failures(at, -195, 7)).toEqual([
      { stream: 'a', place: 5, cause: 'x' },
      { stream: 'a', place: 7, cause: 'y' },
    ]);
  });

  it('leaves a record as it is that is parked a second time', async () => {
    const parking = new ParkingTable(database);
    const at = { ...here, group: 'twice' };
    await parking.park(at, [{ record: raw('a', 7n), cause: 'the first' }]);
    const behind = { record: raw('a', 8n), cause: 'behind' };
    expect(await parking.park(at, [{ record: raw('a', 7n), cause: 'the second' }, behind])).toEqual([behind]);
    const rows = await database.query(`SELECT record_offset, cause FROM parked_event WHERE group_name = 'twice' ORDER BY 1`);
    expect(rows).toEqual([
      { record_offset: '7', cause: 'the first' },
      { record_offset: '8', cause: 'behind' },
    ]);
  });

  it('keeps a cause to a length that a person reads', async () => {
    await new ParkingTable(database).park({ ...here, group: 'long' }, [{ record: raw('a', 1n), cause: 'x'.repeat(1_000_000) }]);
    expect(await database.query(`SELECT length(cause) AS length FROM parked_event WHERE group_name = 'long'`)).toEqual([{ length: 2_000 }]);
  });

  it('takes a key and headers of any length, and knows the stream again', async () => {
    const parking = new ParkingTable(database);
    const at = { ...here, group: 'bounded' };
    // Such as no compression makes small: an index takes 2,704 bytes.
    const key = (last: string): string => `${randomBytes(300_000).toString('base64')}${last}`;
    const [one, other] = [key('1'), key('2')];
    const headers = Object.fromEntries(Array.from({ length: 1_000 }, (_, nth) => [`${nth}${one}`.slice(0, 2_000), one.slice(0, 3_000)]));
    await parking.park(at, [{ record: { ...raw(one, 1n), headers }, cause: one }]);
    expect(await parking.firstParked(at, [one, other, `${one}x`])).toEqual(new Map([[one, 1n]]));
    const [row] = await database.query<{ bytes: number }>(
      `SELECT octet_length(stream) + octet_length(headers::text) + octet_length(cause) AS bytes FROM parked_event WHERE group_name = 'bounded'`,
    );
    expect(row!.bytes).toBeLessThan(150_000);
  });

  it('finds the first of a stream at once, whatever is parked beside and behind it', async () => {
    await database.query(
      `INSERT INTO parked_event (group_name, topic, partition, record_offset, stream, value, headers, cause)
       SELECT 'many', 'orders', nth / 40000, nth, CASE WHEN nth < 45000 THEN 'poisoned' ELSE 'order-' || nth END, NULL, '{}', 'x'
       FROM generate_series(1, 50000) AS nth`,
    );
    await database.query('ANALYZE parked_event');
    const blocks = async (streams: readonly string[]): Promise<number> => {
      const statements: Pick<Transaction, 'query'> = {
        query: (sql, params) => database.query(`EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${sql}`, params),
      };
      let read = 0;
      await new ParkingTable({
        query: async (sql, params) => {
          const [
            {
              'QUERY PLAN': [{ Plan: plan }],
            },
          ] = (await statements.query(sql, params)) as [{ 'QUERY PLAN': [{ Plan: Record<string, number> }] }];
          read = plan['Shared Hit Blocks']! + plan['Shared Read Blocks']!;
          return [];
        },
      }).firstParked({ group: 'many', topic: 'orders', partition: 1 }, streams);
      return read;
    };
    // Forty thousand of that key are parked on another partition, and five thousand behind it on this one.
    expect(await blocks(['poisoned'])).toBeLessThan(10);
    expect(await blocks(Array.from({ length: 100 }, (_, nth) => `order-${nth}`))).toBeLessThan(500);
  });

  it('serves a reactor', async () => {
    const parking = new ParkingTable(database);
    const at = { ...here, group: 'served' };
    const records = [0n, 1n].map((offset) => ({ ...raw('a', offset), undecodable: 'truncated' }));
    await react({ ...at, records, nextOffset: 2n }, parking, () => Promise.reject(new Error('never called')));
    expect(await database.query(`SELECT count(*)::int AS n FROM parked_event WHERE group_name = 'served'`)).toEqual([{ n: 2 }]);
  });
});
