import type { ClaimedTask, NewTask, ProcessTable, Work } from '@orderstream/messaging';
import type { Life, Turns } from './turns.ts';

const LEASE_MS = 10_000;

interface Row<Of extends Work> {
  readonly task: NewTask<Of>;
  isDone: boolean;
  attempts: number;
  nextAttemptMs: number;
}

/** A process table in memory; what it does is what `PostgresProcessTable` does. */
export class SimulatedProcessTable<Of extends Work> {
  readonly #turns: Turns;
  readonly #nowMs: () => number;
  readonly #rows = new Map<string, Row<Of>>();

  constructor(turns: Turns, nowMs: () => number) {
    this.#turns = turns;
    this.#nowMs = nowMs;
  }

  /** In a transaction of the projector. */
  add(tasks: readonly NewTask<Of>[]): void {
    for (const task of tasks) {
      const key = keyOf(task.orderId, task.work.step);
      if (this.#rows.has(key)) continue;
      const nextAttemptMs = task.dueAt === null ? this.#nowMs() : Date.parse(task.dueAt);
      this.#rows.set(key, { task, isDone: false, attempts: 0, nextAttemptMs });
    }
  }

  close(tasks: readonly { readonly orderId: string; readonly step: Of['step'] }[]): void {
    for (const { orderId, step } of tasks) {
      const row = this.#rows.get(keyOf(orderId, step));
      if (row !== undefined) row.isDone = true;
    }
  }

  /** When the next task may be claimed; null when all are done, or wait for one that is not there. */
  nextAttemptMs(): number | null {
    const open = [...this.#rows.values()].filter((row) => !row.isDone && !this.#waits(row));
    return open.length === 0 ? null : Math.min(...open.map(({ nextAttemptMs }) => nextAttemptMs));
  }

  /** In words, for what never gets done. */
  open(): string[] {
    return [...this.#rows.values()].filter((row) => !row.isDone).map(({ task }) => `${task.work.step} of ${task.orderId}`);
  }

  for(life: Life): ProcessTable<Of> {
    const rowOf = ({ orderId, work }: ClaimedTask<Of>): Row<Of> => this.#rows.get(keyOf(orderId, work.step))!;
    return {
      claim: async (most, { overdueToo }) => {
        await this.#turns.take(life);
        const claimed = this.#claim(most, overdueToo);
        await this.#turns.take(life);
        return claimed;
      },
      finish: async (task) => {
        await this.#turns.take(life);
        rowOf(task).isDone = true;
      },
      postpone: async (task, forMs) => {
        await this.#turns.take(life);
        const row = rowOf(task);
        if (!row.isDone && row.attempts === task.attempts) row.nextAttemptMs = this.#after(row, forMs);
      },
    };
  }

  #claim(most: number, overdueToo: boolean): ClaimedTask<Of>[] {
    const nowMs = this.#nowMs();
    const due = [...this.#rows.values()].filter(
      (row) => !row.isDone && row.nextAttemptMs <= nowMs && !this.#waits(row) && (overdueToo || !isOverdue(row, nowMs)),
    );
    return due.slice(0, most).map((row) => {
      row.attempts += 1;
      row.nextAttemptMs = nowMs + LEASE_MS;
      const { orderId, work, cause } = row.task;
      const awaitedBy = [...this.#rows.values()]
        .filter(({ task, isDone }) => !isDone && task.orderId === orderId && task.after === work.step)
        .map(({ task }) => task.work.step);
      return { orderId, work, cause, attempts: row.attempts, isOverdue: isOverdue(row, nowMs), awaitedBy };
    });
  }

  /** A deadline that lies ahead is not slept through. */
  #after({ task: { deadlineAt } }: Row<Of>, forMs: number): number {
    const nowMs = this.#nowMs();
    const deadlineMs = deadlineAt === null ? 0 : Date.parse(deadlineAt);
    return deadlineMs > nowMs ? Math.min(nowMs + forMs, deadlineMs) : nowMs + forMs;
  }

  #waits({ task: { orderId, after } }: Row<Of>): boolean {
    return after !== null && this.#rows.get(keyOf(orderId, after))?.isDone !== true;
  }
}

function isOverdue<Of extends Work>({ task: { deadlineAt } }: Row<Of>, nowMs: number): boolean {
  return deadlineAt !== null && Date.parse(deadlineAt) <= nowMs;
}

function keyOf(orderId: string, step: string): string {
  return `${orderId} ${step}`;
}
