import type { ClaimedTask, NewTask, ProcessTable, Room, Work } from '@orderstream/messaging';
import type { Life, Turns } from './turns.ts';

const LEASE_MS = 10_000;

interface Row<Of extends Work> {
  readonly task: NewTask<Of>;
  isDone: boolean;
  attempts: number;
  nextAttemptMs: number;
  leasedUntilMs: number;
  isHurried: boolean;
  deadlineMs: number;
}

/** A process table in memory that does what `PostgresProcessTable` does. */
export class SimulatedProcessTable<Of extends Work> {
  readonly #turns: Pick<Turns, 'take'>;
  readonly #nowMs: () => number;
  readonly #rows = new Map<string, Row<Of>>();

  constructor(turns: Pick<Turns, 'take'>, nowMs: () => number) {
    this.#turns = turns;
    this.#nowMs = nowMs;
  }

  /** In a transaction of the projector. */
  add(tasks: readonly NewTask<Of>[]): void {
    for (const task of tasks) {
      const id = idOf(task.key, task.work.step);
      if (this.#rows.has(id)) continue;
      const nextAttemptMs = this.#nowMs() + task.dueAfterMs;
      const deadlineMs = nextAttemptMs + (task.deadlineAfterMs ?? Infinity);
      this.#rows.set(id, { task, isDone: false, attempts: 0, nextAttemptMs, leasedUntilMs: 0, isHurried: false, deadlineMs });
      const earlier = task.after === null ? undefined : this.#rows.get(idOf(task.key, task.after));
      if (earlier !== undefined && !earlier.isDone && earlier.attempts > 0) {
        earlier.isHurried = true;
        earlier.nextAttemptMs = this.#nowMs();
      }
    }
  }

  close(tasks: readonly { readonly key: string; readonly step: Of['step'] }[]): void {
    for (const { key, step } of tasks) {
      const row = this.#rows.get(idOf(key, step));
      if (row !== undefined) row.isDone = true;
    }
  }

  /** When the next task may be claimed; null when all are done, or wait for one that is not there. */
  nextAttemptMs(): number | null {
    const open = [...this.#rows.values()].filter((row) => !row.isDone && !this.#waits(row));
    return open.length === 0 ? null : Math.min(...open.map(claimableAtMs));
  }

  /** Described, for tasks that never get done. */
  open(): string[] {
    return [...this.#rows.values()].filter((row) => !row.isDone).map(({ task }) => `${task.work.step} of ${task.key}`);
  }

  for(life: Life): ProcessTable<Of> {
    const rowOf = ({ key, work }: ClaimedTask<Of>): Row<Of> => this.#rows.get(idOf(key, work.step))!;
    return {
      claim: async (room, { overdueToo }) => {
        await this.#turns.take(life);
        const claimed = this.#claim(room, overdueToo);
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
        if (row.isDone || row.attempts !== task.attempts) return;
        row.leasedUntilMs = 0;
        row.nextAttemptMs = row.isHurried ? this.#nowMs() : this.#after(row, forMs);
      },
    };
  }

  #claim({ first, repeated }: Room, overdueToo: boolean): ClaimedTask<Of>[] {
    const nowMs = this.#nowMs();
    const due = [...this.#rows.values()]
      .filter((row) => !row.isDone && claimableAtMs(row) <= nowMs && !this.#waits(row) && (overdueToo || !isOverdue(row, nowMs)))
      .sort((one, other) => one.nextAttemptMs - other.nextAttemptMs);
    const isRepeated = (row: Row<Of>): boolean => row.attempts > 0 && !row.isHurried;
    const chosen = [...due.filter((row) => !isRepeated(row)).slice(0, first), ...due.filter(isRepeated).slice(0, repeated)];
    return chosen.map((row) => {
      const claimed = { isRepeated: isRepeated(row) };
      row.isHurried = false;
      if (row.attempts === 0) row.deadlineMs = nowMs + (row.deadlineMs - row.nextAttemptMs);
      row.attempts += 1;
      row.leasedUntilMs = nowMs + LEASE_MS;
      const { key, work, cause } = row.task;
      const awaitedBy = [...this.#rows.values()]
        .filter(({ task, isDone }) => !isDone && task.key === key && task.after === work.step)
        .map(({ task }) => task.work.step);
      return { ...claimed, key, work, cause, attempts: row.attempts, isOverdue: isOverdue(row, nowMs), awaitedBy };
    });
  }

  /** The backoff ends at a deadline that lies ahead. */
  #after({ deadlineMs }: Row<Of>, forMs: number): number {
    const nowMs = this.#nowMs();
    return deadlineMs > nowMs ? Math.min(nowMs + forMs, deadlineMs) : nowMs + forMs;
  }

  #waits({ task: { key, after } }: Row<Of>): boolean {
    return after !== null && this.#rows.get(idOf(key, after))?.isDone !== true;
  }
}

function claimableAtMs({ nextAttemptMs, leasedUntilMs }: Row<Work>): number {
  return Math.max(nextAttemptMs, leasedUntilMs);
}

function isOverdue<Of extends Work>({ deadlineMs }: Row<Of>, nowMs: number): boolean {
  return deadlineMs <= nowMs;
}

function idOf(key: string, step: string): string {
  return `${key} ${step}`;
}
