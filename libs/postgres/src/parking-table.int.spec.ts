import { type Partition, type RawRecord, react } from '@orderstream/messaging';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Database } from './database.ts';
import { migrate } from './migrate.ts';
import { ParkingTable } from './parking-table.ts';
import { PlatformTables0000000000001 } from './platform-tables.migration.ts';
import { type ScratchDatabase, createScratchDatabase } from './testing/index.ts';

let scratch: ScratchDatabase;
let database: Database;

beforeAll(async () => {
  scratch = await createScratchDatabase(process.env['TEST_DATABASE_URL']!);
  await migrate({ url: scratch.url, ownerRole: 'postgres', migrations: [PlatformTables0000000000001] });
  database = new Database({ url: scratch.url });
});
afterAll(async () => {
  await database.close();
  await scratch.drop();
});

const here: Partition = { group: 'reactor', topic: 'orders', partition: 1 };
const raw = (stream: string, offset: bigint, value: Buffer | null = Buffer.from([1])): RawRecord => ({ stream, offset, value, headers: {} });

describe('The parking table', () => {
  it('tells which streams are held, in one group and partition', async () => {
    const parking = new ParkingTable(database);
    await parking.park(here, [{ record: raw('a', 1n), cause: 'x' }, { record: raw('b', 2n, null), cause: 'y' }]);
    expect(await parking.parkedStreams(here, ['a', 'b', 'c', 'a'])).toEqual(new Set(['a', 'b']));
    expect(await parking.parkedStreams({ ...here, group: 'other' }, ['a'])).toEqual(new Set());
    expect(await parking.parkedStreams({ ...here, partition: 2 }, ['a'])).toEqual(new Set());
    expect(await parking.parkedStreams(here, [])).toEqual(new Set());
  });

  it('leaves a record as it is that is parked a second time', async () => {
    const parking = new ParkingTable(database);
    const at = { ...here, group: 'twice' };
    await parking.park(at, [{ record: raw('a', 7n), cause: 'the first' }]);
    await parking.park(at, [{ record: raw('a', 7n), cause: 'the second' }, { record: raw('a', 8n), cause: 'behind' }]);
    const rows = await database.query(`SELECT record_offset, cause FROM parked_event WHERE group_name = 'twice' ORDER BY 1`);
    expect(rows).toEqual([{ record_offset: '7', cause: 'the first' }, { record_offset: '8', cause: 'behind' }]);
  });

  it('keeps a cause to a length that a person reads', async () => {
    await new ParkingTable(database).park({ ...here, group: 'long' }, [{ record: raw('a', 1n), cause: 'x'.repeat(1_000_000) }]);
    expect(await database.query(`SELECT length(cause) AS length FROM parked_event WHERE group_name = 'long'`)).toEqual([{ length: 2_000 }]);
  });

  it('serves a reactor', async () => {
    const parking = new ParkingTable(database);
    const at = { ...here, group: 'served' };
    const records = [0n, 1n].map((offset) => ({ ...raw('a', offset), undecodable: 'truncated' }));
    await react({ ...at, records, nextOffset: 2n }, parking, () => Promise.reject(new Error('never called')));
    expect(await database.query(`SELECT count(*)::int AS n FROM parked_event WHERE group_name = 'served'`)).toEqual([{ n: 2 }]);
  });
});
