import { Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { type ClaimedTask, type ProcessTable, type Room, type Work, backoffMs, fateOf, messageOf } from '@orderstream/messaging';
import { withRequestContext } from './request-context.ts';
import { Sparing } from './sparing.ts';

/**
 * The most tasks that may be under way at once. Most repeated tasks will fail again, and hold their place while
 * they wait in vain for an answer: they get a share of their own, so that they can't keep out first attempts.
 */
const FIRST_AT_ONCE = 256;
const REPEATED_AT_ONCE = 64;
/** New rows wake the worker; this is for those whose time has come, or whose backoff or lease has run out. */
const LOOK_EVERY_MS = 250;
const DEFECT_PAUSE_MS = 30_000;

export interface ProcessWorkerOptions<Of extends Work> {
  /** In log lines. */
  readonly name: string;
  /** What a task's key identifies, such as `order`; in log lines. */
  readonly subject: string;
  readonly table: ProcessTable<Of>;
  /** Idempotent: it may be broken off anywhere and repeated, even side by side. */
  readonly carryOut: (task: ClaimedTask<Of>, signal: AbortSignal) => Promise<void>;
  /** Whether overdue tasks may be acted on. Asked at every look. */
  readonly actsOnOverdue: () => boolean;
}

/** Drains a process table: claims tasks that are due, carries each out on its own, and retries as long as it takes. */
export class ProcessWorker<Of extends Work> implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #options: ProcessWorkerOptions<Of>;
  readonly #logger: Logger;
  readonly #running = new Map<Promise<void>, ClaimedTask<Of>>();
  readonly #stop = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #claiming: Promise<void> | null = null;
  #wokenMeanwhile = false;
  #claimFault: string | null = null;
  readonly #lost = new Sparing();

  constructor(options: ProcessWorkerOptions<Of>) {
    this.#options = options;
    this.#logger = new Logger(options.name);
  }

  onApplicationBootstrap(): void {
    this.#timer = setInterval(() => this.wake(), LOOK_EVERY_MS);
    this.wake();
  }

  /** Work under way is broken off: its outcome is looked up at the next start. */
  async onModuleDestroy(): Promise<void> {
    clearInterval(this.#timer);
    this.#stop.abort();
    await this.#claiming;
    await Promise.all(this.#running.keys());
  }

  /** There may be tasks to claim. */
  wake(): void {
    if (this.#stop.signal.aborted) return;
    if (this.#claiming !== null) {
      this.#wokenMeanwhile = true;
      return;
    }
    this.#claiming = this.#claim().finally(() => {
      this.#claiming = null;
      if (!this.#wokenMeanwhile) return;
      this.#wokenMeanwhile = false;
      this.wake();
    });
  }

  async #claim(): Promise<void> {
    const overdueToo = this.#options.actsOnOverdue();
    const room = this.#room();
    if (room.first === 0 && room.repeated === 0) return;
    try {
      for (const task of await this.#options.table.claim(room, { overdueToo })) this.#start(task);
      this.#claimFault = null;
    } catch (fault) {
      const message = messageOf(fault);
      if (message !== this.#claimFault) this.#logger.warn(`no work can be claimed: ${message}`);
      this.#claimFault = message;
    }
  }

  #room(): Room {
    let repeated = 0;
    for (const task of this.#running.values()) if (task.isRepeated) repeated += 1;
    return { first: FIRST_AT_ONCE - (this.#running.size - repeated), repeated: REPEATED_AT_ONCE - repeated };
  }

  #start(task: ClaimedTask<Of>): void {
    const { correlationId, traceparent } = task.cause;
    const running = withRequestContext({ correlationId, traceparent }, () => this.#carryOut(task)).finally(() => {
      this.#running.delete(running);
      this.wake();
    });
    this.#running.set(running, task);
  }

  /** Never rejects: whatever happens, the task is done, postponed, or claimed again when its lease runs out. */
  async #carryOut(task: ClaimedTask<Of>): Promise<void> {
    try {
      await this.#options.carryOut(task, this.#stop.signal);
      await this.#options.table.finish(task);
    } catch (fault) {
      await this.#postpone(task, fault);
    }
  }

  async #postpone(task: ClaimedTask<Of>, fault: unknown): Promise<void> {
    const { key, work, attempts } = task;
    const what = `${work.step} of ${this.#options.subject} ${key}`;
    const isDefect = fateOf(fault) === 'park';
    const level = isDefect ? 'error' : 'debug';
    this.#logger[level](`${what}, attempt ${attempts}: ${messageOf(fault)}`, { error: fault });
    // A defect goes away only when somebody fixes it, so it is retried only now and then.
    const delayMs = isDefect ? DEFECT_PAUSE_MS : backoffMs('postpone', attempts);
    await this.#options.table.postpone(task, delayMs, messageOf(fault)).catch((lost: unknown) => {
      // All tasks under way meet the same outage.
      const untold = this.#lost.tell(messageOf(lost));
      const waits = `${what} waits for its lease to run out: ${messageOf(lost)}`;
      if (untold === null) this.#logger.debug(waits);
      else this.#logger.warn(untold === 0 ? waits : `${waits} (and ${untold} others since this was said)`);
    });
  }
}
