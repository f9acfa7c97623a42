import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import type { ModelPosition, PositionMove, ProjectionStore } from '../projection-store.ts';

/** A store, and how a test writes rows in it: an amount for each key. */
export interface ProjectionStoreUnderTest<Rows> {
  readonly store: ProjectionStore<Rows>;
  /** Adds to the amount of a key; its first is this. */
  add(rows: Rows, key: string, amount: number): Promise<void>;
  /** What is committed; null: there is no such row. */
  amountOf(key: string): Promise<number | null>;
}

/** Every implementation of the ProjectionStore port passes this. */
export function projectionStoreContract<Rows>(name: string, open: () => ProjectionStoreUnderTest<Rows>): void {
  describe(`${name} keeps the contract of a projection store`, () => {
    let under: ProjectionStoreUnderTest<Rows>;
    let [group, topic, key] = ['', '', ''];
    beforeEach(async () => {
      under = open();
      [group, topic, key] = [`model-${randomUUID()}`, `topic-${randomUUID()}`, randomUUID()];
      await positions();
    });
    const positions = (names = [group], partitions = [0]): Promise<readonly ModelPosition[]> =>
      under.store.positions(names, topic, partitions);
    const move = (expected: bigint, nextOffset: bigint, other: Partial<PositionMove> = {}): PositionMove => ({
      group,
      topic,
      partition: 0,
      expected,
      nextOffset,
      last: null,
      ...other,
    });
    const offsets = async (): Promise<bigint[]> => (await positions()).map(({ nextOffset }) => nextOffset);

    it('begins at the beginning, for each name and partition', async () => {
      const found = await positions([group, `other-${group}`], [0, 1]);
      expect(found).toHaveLength(4);
      expect(found).toContainEqual({ group: `other-${group}`, topic, partition: 1, nextOffset: 0n, last: null });
    });

    it('moves positions together with rows', async () => {
      const last = { offset: 4n, eventId: randomUUID() };
      const result = await under.store.transaction(async (transaction) => {
        expect(await transaction.move([move(0n, 6n, { last })])).toEqual([{ group, topic, partition: 0, hasParked: false }]);
        await under.add(transaction.rows, key, 3);
        expect(await under.amountOf(key)).toBeNull();
        return 'done';
      });
      expect(result).toBe('done');
      expect(await positions()).toEqual([{ group, topic, partition: 0, nextOffset: 6n, last }]);
      expect(await under.amountOf(key)).toBe(3);
      await under.store.transaction((transaction) => transaction.move([move(6n, 8n)]));
      expect(await positions()).toEqual([{ group, topic, partition: 0, nextOffset: 8n, last }]);
    });

    it('changes nothing when the work fails, and throws what it threw', async () => {
      const fault = new Error('as it happens');
      const failing = under.store.transaction(async (transaction) => {
        await transaction.move([move(0n, 6n)]);
        await under.add(transaction.rows, key, 3);
        throw fault;
      });
      await expect(failing).rejects.toBe(fault);
      expect([await offsets(), await under.amountOf(key)]).toEqual([[0n], null]);
    });

    it('moves what is where it is expected, and says what that is', async () => {
      await positions([group, `other-${group}`]);
      const moves = [move(5n, 6n), move(0n, 6n, { group: `other-${group}` }), move(0n, 6n, { group: 'nobody' })];
      const moved = await under.store.transaction((transaction) => transaction.move(moves));
      expect(moved).toEqual([{ group: `other-${group}`, topic, partition: 0, hasParked: false }]);
      expect(await offsets()).toEqual([0n]);
    });

    it('lets the second of two wait for the first, and does not move it then', async () => {
      const [isMoved, mayEnd] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      const first = under.store.transaction(async (transaction) => {
        await transaction.move([move(0n, 6n)]);
        await under.add(transaction.rows, key, 1);
        isMoved.resolve();
        await mayEnd.promise;
      });
      await isMoved.promise;
      const second = under.store.transaction(async (transaction) => transaction.move([move(0n, 9n)]));
      mayEnd.resolve();
      await first;
      expect(await second).toEqual([]);
      expect([await offsets(), await under.amountOf(key)]).toEqual([[6n], 1]);
    });

    it('undoes an attempt that fails, and goes on', async () => {
      await under.store.transaction(async (transaction) => {
        await under.add(transaction.rows, key, 1);
        const attempt = transaction.attempt(async () => {
          await transaction.move([move(0n, 6n)]);
          await under.add(transaction.rows, key, 10);
          throw new Error('as it happens');
        });
        await expect(attempt).rejects.toThrow('as it happens');
        expect(await transaction.attempt(() => under.add(transaction.rows, key, 100).then(() => 'done'))).toBe('done');
      });
      expect([await offsets(), await under.amountOf(key)]).toEqual([[0n], 101]);
    });

    it('parks with the rest, and knows then that something is parked', async () => {
      const record = { stream: 'a', offset: 1n, value: null, headers: {} };
      const park = (fails: boolean): Promise<void> =>
        under.store.transaction(async (transaction) => {
          const parked = [{ record, cause: 'x' }];
          expect(await transaction.parking.park({ group, topic, partition: 0 }, parked)).toEqual(parked);
          if (fails) throw new Error('as it happens');
        });
      const hasParked = async (expected: bigint): Promise<boolean | undefined> =>
        (await under.store.transaction((transaction) => transaction.move([move(expected, expected + 1n)])))[0]?.hasParked;
      await expect(park(true)).rejects.toThrow('as it happens');
      expect(await hasParked(0n)).toBe(false);
      await park(false);
      expect(await hasParked(1n)).toBe(true);
    });
  });
}
