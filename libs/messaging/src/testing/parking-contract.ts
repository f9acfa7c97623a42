import { randomUUID } from 'node:crypto';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { BEHIND_A_PARKED_EVENT, type ParkedRecord, type Parking, type Partition } from '../parking.ts';

const parked = (stream: string, offset: bigint, cause = 'x'): ParkedRecord => ({
  record: { stream, offset, value: null, headers: {} },
  cause,
});

/** Every implementation of the Parking port passes this. */
export function parkingContract(name: string, open: () => Parking): void {
  describe(`${name} keeps the contract of a parking table`, () => {
    let parking: Parking;
    let here: Partition;
    beforeAll(() => void (parking = open()));
    beforeEach(() => void (here = { group: randomUUID(), topic: 'orders', partition: 1 }));

    it('tells from where on a stream is held, in one partition of one group', async () => {
      const records = [parked('a', 3n), parked('a', 1n), parked('b', 2n)];
      expect(await parking.park(here, records)).toEqual(records);
      expect(await parking.firstParked(here, ['a', 'b', 'c', 'a'])).toEqual(
        new Map([
          ['a', 1n],
          ['b', 2n],
        ]),
      );
      expect(await parking.firstParked(here, [])).toEqual(new Map());
      for (const elsewhere of [{ group: 'other' }, { topic: 'payments' }, { partition: 2 }]) {
        expect(await parking.firstParked({ ...here, ...elsewhere }, ['a'])).toEqual(new Map());
        expect(await parking.failures({ ...here, ...elsewhere }, 0, 9)).toEqual([]);
      }
    });

    it('tells what was parked on its own account, near one place', async () => {
      await parking.park(here, [parked('a', 5n), parked('a', 6n, BEHIND_A_PARKED_EVENT), parked('a', 7n, 'y'), parked('a', 9n, 'z')]);
      expect(await parking.failures(here, -195, 7)).toEqual([
        { stream: 'a', place: 5, cause: 'x' },
        { stream: 'a', place: 7, cause: 'y' },
      ]);
    });

    it('knows a stream again by any name, and keeps the beginning of any cause', async () => {
      const names = ['', 'a\0b', 'half \ud83d', '訂單-'.repeat(10_000), `${'訂單-'.repeat(10_000)}1`];
      const records = names.map((name, index) => parked(name, BigInt(index), `${index} ${'why\0 '.repeat(10_000)}`));
      expect(await parking.park(here, records)).toEqual(records);
      expect(await parking.firstParked(here, names)).toEqual(new Map(names.map((name, index) => [name, BigInt(index)])));
      expect(await parking.firstParked(here, ['訂單-'.repeat(9_999), 'a'])).toEqual(new Map());
      const causes = (await parking.failures(here, 0, names.length)).map(({ cause }) => cause);
      expect(causes.toSorted().map((cause) => cause.slice(0, 5))).toEqual(names.map((_, index) => `${index} why`));
      for (const cause of causes) expect(cause.length).toBeLessThanOrEqual(2_000);
    });

    it('leaves a record as it is that is parked a second time, and says which are new', async () => {
      await parking.park(here, [parked('a', 7n, 'the first')]);
      const behind = parked('a', 8n);
      expect(await parking.park(here, [parked('a', 7n, 'the second'), behind])).toEqual([behind]);
      expect((await parking.failures(here, 7, 8)).map(({ cause }) => cause)).toEqual(['the first', 'x']);
    });
  });
}
