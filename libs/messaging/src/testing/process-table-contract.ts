import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import type { ClaimedTask, NewTask, ProcessTable } from '../process-table.ts';

/** Boil first, pour after, drink after that. */
export type TeaWork = { readonly step: 'boil'; readonly degrees: number } | { readonly step: 'pour' } | { readonly step: 'drink' };
type NewTea = NewTask<TeaWork>;
type ClaimedTea = ClaimedTask<TeaWork>;

/** An empty table, and what its process writes into it. */
export interface ProcessTableUnderTest {
  readonly table: ProcessTable<TeaWork>;
  add(tasks: readonly NewTea[]): Promise<void> | void;
  /** These need not be done any more. */
  close(tasks: readonly { readonly key: string; readonly step: TeaWork['step'] }[]): Promise<void> | void;
  /** So much time passes by the table's clock. */
  letPass(ms: number): Promise<void> | void;
}

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

const teaTask = (key: string, work: TeaWork, more: Partial<NewTea> = {}): NewTea => ({
  key,
  work,
  after: null,
  dueAfterMs: 0,
  deadlineAfterMs: null,
  cause: { id: randomUUID(), correlationId: 'flow', traceparent: undefined },
  ...more,
});
export const boil = (key: string, more: Partial<NewTea> = {}): NewTea => teaTask(key, { step: 'boil', degrees: 95 }, more);
const pour = (key: string): NewTea => teaTask(key, { step: 'pour' }, { after: 'boil' });
const drink = (key: string): NewTea => teaTask(key, { step: 'drink' }, { after: 'pour' });

/** Every implementation of the ProcessTable port passes this. */
export function processTableContract(name: string, open: () => ProcessTableUnderTest | Promise<ProcessTableUnderTest>): void {
  let tea: ProcessTableUnderTest;
  const [key, other] = [randomUUID(), randomUUID()];
  const add = async (...tasks: NewTea[]): Promise<void> => tea.add(tasks);
  const claim = (room = { first: 10, repeated: 10 }, overdueToo = true): Promise<ClaimedTea[]> => tea.table.claim(room, { overdueToo });
  const claimOne = async (): Promise<ClaimedTea> => {
    const claimed = await claim();
    expect(claimed).toHaveLength(1);
    return claimed[0]!;
  };
  const keysOf = (tasks: readonly ClaimedTea[]): string[] => tasks.map((task) => task.key).toSorted();
  beforeEach(async () => void (tea = await open()));

  describe(`A task of ${name}`, () => {
    it('is claimed with all that its worker needs', async () => {
      const task = boil(key, { cause: { id: randomUUID(), correlationId: 'flow 7', traceparent: '00-a-b-01' } });
      const { work, cause } = task;
      await add(task);
      expect(await claim()).toEqual([{ key, work, cause, attempts: 1, isRepeated: false, isOverdue: false, awaitedBy: [] }]);
    });

    it('is nobody else’s while its lease lasts, and somebody’s again when it has run out', async () => {
      await add(boil(key));
      await claimOne();
      await tea.letPass(7_000);
      expect(await claim()).toEqual([]);
      await tea.letPass(3_000);
      expect(await claim()).toMatchObject([{ key, attempts: 2, isRepeated: true }]);
    });

    it('is claimed by one of several workers that ask at the same time', async () => {
      const keys = Array.from({ length: 12 }, () => randomUUID()).toSorted();
      await add(...keys.map((each) => boil(each)));
      const room = { first: 5, repeated: 0 };
      const claimed = (await Promise.all(Array.from({ length: 4 }, () => claim(room)))).flat();
      const rest = await claim({ first: 12, repeated: 12 });
      expect(keysOf([...claimed, ...rest])).toEqual(keys);
    });

    it('is claimed in the order in which it became due, not in which it came', async () => {
      await add(boil(key, { dueAfterMs: 2 * HOUR_MS }), boil(other, { dueAfterMs: HOUR_MS }));
      await tea.letPass(3 * HOUR_MS);
      const room = { first: 1, repeated: 1 };
      expect(keysOf(await claim(room))).toEqual([other]);
      expect(keysOf(await claim(room))).toEqual([key]);
    });

    it('is not hidden by others that are tried again and again, and has room of its own', async () => {
      await add(...Array.from({ length: 5 }, () => boil(randomUUID())));
      for (const task of await claim()) await tea.table.postpone(task, 0, 'no water');
      await add(boil(key));
      expect(await claim({ first: 1, repeated: 0 })).toMatchObject([{ key, attempts: 1, isRepeated: false }]);
      const repeated = await claim({ first: 5, repeated: 3 });
      expect(repeated.map(({ attempts, isRepeated }) => [attempts, isRepeated])).toEqual(Array.from({ length: 3 }, () => [2, true]));
    });

    it('is not done before its time', async () => {
      await add(boil(key, { dueAfterMs: HOUR_MS, deadlineAfterMs: 0 }));
      expect(await claim()).toEqual([]);
      await tea.letPass(HOUR_MS);
      expect(await claim()).toHaveLength(1);
    });

    it('has its whole time from its first attempt on, however late that is, and no more after it', async () => {
      await add(boil(key, { deadlineAfterMs: HOUR_MS }));
      await tea.letPass(3 * HOUR_MS);
      for (const [attempts, isOverdue, passes] of [
        [1, false, HOUR_MS - MINUTE_MS],
        [2, false, MINUTE_MS],
        [3, true, 0],
      ] as const) {
        expect(await claimOne()).toMatchObject({ attempts, isOverdue });
        await tea.letPass(passes);
      }
    });

    it('that is overdue is left alone unless it is asked for, and says so then', async () => {
      const without = randomUUID();
      await add(boil(key, { deadlineAfterMs: 0 }), boil(other, { deadlineAfterMs: HOUR_MS }), boil(without));
      const cautious = await claim(undefined, false);
      expect(keysOf(cautious)).toEqual([other, without].toSorted());
      expect(cautious.every(({ isOverdue }) => !isOverdue)).toBe(true);
      expect(await claimOne()).toMatchObject({ key, isOverdue: true, attempts: 1 });
    });

    it('waits for the step before it, of its own key, also when that is not known yet', async () => {
      await add(pour(key), drink(key), boil(other));
      await tea.table.finish(await claimOne());
      expect(await claim()).toEqual([]);
      await add(boil(key));
      for (const step of ['boil', 'pour', 'drink']) {
        const claimed = await claimOne();
        expect([claimed.key, claimed.work.step]).toEqual([key, step]);
        expect(await claim(), 'while it is under way').toEqual([]);
        await tea.table.finish(claimed);
      }
      expect(await claim()).toEqual([]);
    });

    it('says which steps wait for it', async () => {
      await add(boil(key), boil(other), pour(other));
      const awaitedBy = new Map((await claim()).map((task) => [task.key, task.awaitedBy]));
      expect([awaitedBy.get(key), awaitedBy.get(other)]).toEqual([[], ['pour']]);
      await add(pour(key), teaTask(key, { step: 'drink' }, { after: 'boil' }));
      await tea.letPass(MINUTE_MS);
      const again = (await claim()).find((task) => task.key === key)!;
      expect(again.awaitedBy.toSorted()).toEqual(['drink', 'pour']);
    });

    it('is not awaited by a step that need not be done any more', async () => {
      await add(boil(key), pour(key));
      await tea.close([{ key, step: 'pour' }]);
      expect(await claimOne()).toMatchObject({ awaitedBy: [] });
    });

    it('that need not be done any more is never claimed, and lets the next step go on', async () => {
      await add(boil(key), pour(key));
      await tea.close([
        { key, step: 'boil' },
        { key: other, step: 'pour' },
      ]);
      expect(await claimOne()).toMatchObject({ key, work: { step: 'pour' } });
    });

    it('is as it came first, whatever comes under its key and step after it, and done once', async () => {
      await add(boil(key), boil(key, { dueAfterMs: HOUR_MS }));
      await tea.table.postpone(await claimOne(), HOUR_MS, 'no water');
      await add(teaTask(key, { step: 'boil', degrees: 80 }, { deadlineAfterMs: 0 }));
      expect(await claim()).toEqual([]);
      await tea.letPass(HOUR_MS);
      const claimed = await claimOne();
      expect(claimed).toMatchObject({ work: { degrees: 95 }, attempts: 2, isOverdue: false });
      await tea.table.finish(claimed);
      await add(boil(key));
      await tea.letPass(HOUR_MS);
      expect(await claim()).toEqual([]);
    });
  });

  describe(`A task of ${name} that was tried`, () => {
    it('comes again after a while when it is postponed, whatever the error says', async () => {
      await add(boil(key));
      await tea.table.postpone(await claimOne(), HOUR_MS, `no \0 water \ud83d${'…'.repeat(100_000)}`);
      await tea.letPass(HOUR_MS - MINUTE_MS);
      expect(await claim()).toEqual([]);
      await tea.letPass(MINUTE_MS);
      expect(await claimOne()).toMatchObject({ key, attempts: 2 });
    });

    it('is tried at once when a step comes that waits for it, once, and before all that are tried again', async () => {
      await add(boil(key), boil(other));
      for (const task of await claim()) await tea.table.postpone(task, HOUR_MS, 'no water');
      await add(pour(key));
      const [hurried] = await claim({ first: 1, repeated: 0 });
      expect(hurried).toMatchObject({ key, attempts: 2, isRepeated: false, awaitedBy: ['pour'] });
      await tea.table.postpone(hurried!, HOUR_MS, 'no water');
      await add(pour(key));
      expect(await claim(), 'that it waits is no news').toEqual([]);
    });

    it('is tried at once after the attempt during which such a step came, whose lease is not shortened', async () => {
      await add(boil(key));
      const task = await claimOne();
      await add(pour(key));
      expect(await claim()).toEqual([]);
      await tea.table.postpone(task, HOUR_MS, 'no water');
      expect(await claimOne()).toMatchObject({ attempts: 2, awaitedBy: ['pour'] });
    });

    it('does not sleep through its deadline, but only once that lies behind it', async () => {
      const without = randomUUID();
      await add(boil(key, { deadlineAfterMs: HOUR_MS }), boil(other, { deadlineAfterMs: 0 }), boil(without));
      for (const task of await claim()) await tea.table.postpone(task, 2 * HOUR_MS, 'no water');
      await tea.letPass(HOUR_MS);
      const atDeadline = await claimOne();
      expect(atDeadline).toMatchObject({ key, isOverdue: true });
      await tea.table.finish(atDeadline);
      await tea.letPass(HOUR_MS);
      expect(keysOf(await claim())).toEqual([other, without].toSorted());
    });

    it('is done for good when it is finished, by whomever', async () => {
      await add(boil(key));
      const slow = await claimOne();
      await tea.table.postpone(slow, 0, 'no water');
      const next = await claimOne();
      await tea.table.finish(slow);
      await tea.table.postpone(next, 0, 'still no water');
      await tea.letPass(HOUR_MS);
      expect(await claim()).toEqual([]);
    });

    it('stays with the worker that has it now, whatever one says that had it before', async () => {
      await add(boil(key));
      const zombie = await claimOne();
      await tea.letPass(MINUTE_MS);
      await claimOne();
      await tea.table.postpone(zombie, 0, 'of long ago');
      expect(await claim()).toEqual([]);
    });
  });
}
