import { randomBytes } from 'node:crypto';
import { type Partition, type RawRecord, react } from '@orderstream/messaging';
import { parkingContract } from '@orderstream/messaging/testing';
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

parkingContract('The parking table', () => new ParkingTable(database));

describe('The parking table', () => {
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
    await react({ ...at, records, fromOffset: 0n, nextOffset: 2n }, parking, () => Promise.reject(new Error('never called')));
    expect(await database.query(`SELECT count(*)::int AS n FROM parked_event WHERE group_name = 'served'`)).toEqual([{ n: 2 }]);
  });
});
