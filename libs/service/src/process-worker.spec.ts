import { Logger } from '@nestjs/common';
import { type ClaimedTask, DependencyUnavailable, type ProcessTable, type Room, type Work } from '@orderstream/messaging';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ProcessWorker, type ProcessWorkerOptions } from './process-worker.ts';
import { requestContext } from './request-context.ts';

interface Knitting extends Work {
  readonly step: 'knit';
}
type Task = ClaimedTask<Knitting>;

const task = (key: string, attempts = 1): Task => ({
  key,
  work: { step: 'knit' },
  cause: { id: 'cause', correlationId: `flow of ${key}`, traceparent: undefined },
  attempts,
  isRepeated: attempts > 1,
  isOverdue: false,
  awaitedBy: [],
});

/** A table that hands out what lies in `due`, and writes down what it is told. */
class Tray implements ProcessTable<Knitting> {
  due: Task[] = [];
  readonly claims: (Room & { readonly overdueToo: boolean })[] = [];
  readonly said: string[] = [];
  fault: Error | null = null;

  async claim(room: Room, { overdueToo }: { readonly overdueToo: boolean }): Promise<Task[]> {
    this.claims.push({ ...room, overdueToo });
    if (this.fault !== null) throw this.fault;
    const ofKind = (isRepeated: boolean, most: number): Task[] => this.due.filter((each) => each.isRepeated === isRepeated).slice(0, most);
    const claimed = [...ofKind(false, room.first), ...ofKind(true, room.repeated)];
    this.due = this.due.filter((each) => !claimed.includes(each));
    return claimed;
  }
  async finish({ key }: Task): Promise<void> {
    if (this.fault !== null) throw this.fault;
    this.said.push(`finished ${key}`);
  }
  async postpone({ key }: Task, forMs: number, error: string): Promise<void> {
    if (this.fault !== null) throw this.fault;
    this.said.push(`postponed ${key} for ${Math.round(forMs)} ms: ${error}`);
  }
}

let tray: Tray;
const workers: ProcessWorker<Knitting>[] = [];
beforeEach(() => {
  Logger.overrideLogger(false);
  tray = new Tray();
  vi.useFakeTimers();
  vi.spyOn(Math, 'random').mockReturnValue(1);
});
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.onModuleDestroy()));
  vi.useRealTimers();
  vi.restoreAllMocks();
});

function start(carryOut: ProcessWorkerOptions<Knitting>['carryOut'], actsOnOverdue: () => boolean = () => true): ProcessWorker<Knitting> {
  const worker = new ProcessWorker<Knitting>({ name: 'knitting', subject: 'sock', table: tray, carryOut, actsOnOverdue });
  workers.push(worker);
  worker.onApplicationBootstrap();
  return worker;
}
const aWhile = (): Promise<unknown> => vi.advanceTimersByTimeAsync(250);

describe('The worker of a process table', () => {
  it('carries out what is due, in the context of what asked for it, and finishes it', async () => {
    tray.due = [task('a'), task('b')];
    const contexts: string[] = [];
    start(async () => void contexts.push(requestContext().correlationId));
    await aWhile();
    expect(tray.said).toEqual(['finished a', 'finished b']);
    expect(contexts).toEqual(['flow of a', 'flow of b']);
  });

  it('looks again by itself, when it is woken, and when something is done', async () => {
    const worker = start(async () => {});
    await aWhile();
    const looks = tray.claims.length;
    await aWhile();
    expect(tray.claims).toHaveLength(looks + 1);
    tray.due = [task('a')];
    worker.wake();
    await vi.advanceTimersByTimeAsync(0);
    expect(tray.said).toEqual(['finished a']);
    expect(tray.claims).toHaveLength(looks + 3);
  });

  it('forgets no call while it is claiming', async () => {
    const worker = start(async () => {});
    worker.wake();
    worker.wake();
    await vi.advanceTimersByTimeAsync(0);
    expect(tray.claims).toHaveLength(2);
  });

  it('lets no task wait for another that takes long, and has no more than so many in hand', async () => {
    const held = Promise.withResolvers<void>();
    tray.due = Array.from({ length: 300 }, (_, index) => task(`slow ${index}`));
    start(({ key }) => (key.startsWith('slow') ? held.promise : Promise.resolve()));
    await aWhile();
    expect(tray.due).toHaveLength(44);
    expect(tray.claims[0]).toEqual({ first: 256, repeated: 64, overdueToo: true });
    expect(tray.claims.at(-1)).toEqual({ first: 0, repeated: 64, overdueToo: true });
    held.resolve();
    await aWhile();
    expect(tray.said).toHaveLength(300);

    tray.due = [task('slow again'), task('quick')];
    const again = Promise.withResolvers<void>();
    start(({ key }) => (key === 'slow again' ? again.promise : Promise.resolve()));
    await aWhile();
    expect(tray.said.at(-1)).toBe('finished quick');
    again.resolve();
  });

  it('has room for what is tried for the first time, however much is tried again without an answer', async () => {
    const silence = Promise.withResolvers<void>();
    tray.due = Array.from({ length: 500 }, (_, index) => task(`silent ${index}`, 7));
    start(({ key }) => (key.startsWith('silent') ? silence.promise : Promise.resolve()));
    await aWhile();
    expect(tray.due).toHaveLength(436);
    expect(tray.claims.at(-1)).toMatchObject({ first: 256, repeated: 0 });
    tray.due.push(task('healthy'));
    await aWhile();
    expect(tray.said).toEqual(['finished healthy']);
    silence.resolve();
    await aWhile();
  });

  it.each([
    [1, 250],
    [2, 500],
    [5, 4_000],
    [9, 30_000],
    [2_000, 30_000],
  ])('postpones attempt %i by at most %i ms while something does not answer', async (attempts, mostMs) => {
    tray.due = [task('a', attempts)];
    const error = vi.spyOn(Logger.prototype, 'error').mockReturnValue();
    start(() => Promise.reject(new DependencyUnavailable('wool', 'sold out')));
    await aWhile();
    expect(tray.said).toEqual([`postponed a for ${mostMs} ms: wool does not answer: sold out`]);
    expect(error).not.toHaveBeenCalled();
  });

  it('calls for somebody when a task can’t be done as things are, and tries it now and then', async () => {
    tray.due = [task('a')];
    const error = vi.spyOn(Logger.prototype, 'error').mockReturnValue();
    start(() => Promise.reject(new Error('the pattern is wrong')));
    await aWhile();
    expect(tray.said).toEqual(['postponed a for 30000 ms: the pattern is wrong']);
    expect(error).toHaveBeenCalledExactlyOnceWith('knit of sock a, attempt 1: the pattern is wrong', expect.anything());
  });

  it('leaves to its lease what it can’t postpone, and goes on', async () => {
    tray.due = [task('a')];
    const warn = vi.spyOn(Logger.prototype, 'warn').mockReturnValue();
    start(async ({ key }) => {
      if (key === 'a') tray.fault = new DependencyUnavailable('postgres', 'gone');
    });
    await aWhile();
    expect(warn).toHaveBeenCalledWith('knit of sock a waits for its lease to run out: postgres does not answer: gone');
    tray.fault = null;
    tray.due = [task('b')];
    await aWhile();
    expect(tray.said).toEqual(['finished b']);
  });

  it('says once that nothing can be claimed, and goes on when it can', async () => {
    const warn = vi.spyOn(Logger.prototype, 'warn').mockReturnValue();
    tray.fault = new DependencyUnavailable('postgres', 'gone');
    start(async () => {});
    for (const _ of [1, 2, 3]) await aWhile();
    expect(warn).toHaveBeenCalledExactlyOnceWith('no work can be claimed: postgres does not answer: gone');
    tray.fault = null;
    tray.due = [task('a')];
    await aWhile();
    expect(tray.said).toEqual(['finished a']);
  });

  it('claims what is overdue only while it may be acted on, and asks at every look', async () => {
    let mayAct = false;
    start(
      async () => {},
      () => mayAct,
    );
    for (mayAct of [false, true, false]) {
      await aWhile();
      expect(tray.claims.at(-1)).toMatchObject({ overdueToo: mayAct });
    }
  });

  it('breaks off what is under way at its end, waits for it, and begins nothing more', async () => {
    tray.due = [task('a')];
    const worker = start(
      (_, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(new DependencyUnavailable('wool', 'broken off')));
        }),
    );
    await aWhile();
    await worker.onModuleDestroy();
    expect(tray.said).toEqual([expect.stringMatching(/^postponed a .* broken off$/)]);
    const looks = tray.claims.length;
    worker.wake();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(tray.claims).toHaveLength(looks);
  });
});
