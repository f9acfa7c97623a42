import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { fateOf, messageOf } from '@orderstream/messaging';
import { withRequestContext } from '@orderstream/service';
import { type ClaimedAttempt, PaymentAttemptsTable } from './payment-attempts.table.ts';
import { PaymentSteps } from './payment-steps.ts';

/** So many orders may wait for the provider at once before others wait for them. */
const AT_ONCE = 64;
/** New rows wake the worker; this is for those whose backoff or lease has run out. */
const LOOK_EVERY_MS = 250;
const FIRST_BACKOFF_MS = 250;
const LONGEST_BACKOFF_MS = 30_000;

/** Drains the process table: claims rows that are due, carries each out on its own, and retries as long as it takes. */
@Injectable()
export class PaymentAttemptsWorker implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #logger = new Logger('payments');
  readonly #running = new Set<Promise<void>>();
  readonly #stop = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #claiming: Promise<void> | null = null;
  #wokenMeanwhile = false;
  #claimFault: string | null = null;

  constructor(
    private readonly table: PaymentAttemptsTable,
    private readonly steps: PaymentSteps,
  ) {}

  onApplicationBootstrap(): void {
    this.#timer = setInterval(() => this.wake(), LOOK_EVERY_MS);
    this.wake();
  }

  /** Calls to the provider are broken off: their outcome is looked up at the next start. */
  async onModuleDestroy(): Promise<void> {
    clearInterval(this.#timer);
    this.#stop.abort();
    await this.#claiming;
    await Promise.all(this.#running);
  }

  /** There may be rows to claim. */
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
    const room = AT_ONCE - this.#running.size;
    if (room === 0) return;
    try {
      for (const attempt of await this.table.claim(room)) this.#start(attempt);
      this.#claimFault = null;
    } catch (fault) {
      const message = messageOf(fault);
      if (message !== this.#claimFault) this.#logger.warn(`no payment attempts can be claimed: ${message}`);
      this.#claimFault = message;
    }
  }

  #start(attempt: ClaimedAttempt): void {
    const { correlationId, traceparent } = attempt.cause;
    const running = withRequestContext({ correlationId, traceparent }, () => this.#carryOut(attempt)).finally(() => {
      this.#running.delete(running);
      this.wake();
    });
    this.#running.add(running);
  }

  /** Never rejects: whatever happens, the row is done, postponed, or claimed again when its lease runs out. */
  async #carryOut(attempt: ClaimedAttempt): Promise<void> {
    try {
      await this.steps.carryOut(attempt, this.#stop.signal);
      await this.table.finish(attempt);
    } catch (fault) {
      await this.#postpone(attempt, fault);
    }
  }

  async #postpone(attempt: ClaimedAttempt, fault: unknown): Promise<void> {
    const { orderId, work, attempts } = attempt;
    const isDefect = fateOf(fault) === 'park';
    const level = isDefect ? 'error' : 'debug';
    this.#logger[level](`${work.step} of order ${orderId}, attempt ${attempts}: ${messageOf(fault)}`, { error: fault });
    // A defect goes away only when somebody mends it, so it is not worth more than a look now and then.
    const delayMs = isDefect ? LONGEST_BACKOFF_MS : backoffMs(attempts);
    await this.table.postpone(attempt, delayMs, messageOf(fault)).catch((lost: unknown) => {
      this.#logger.warn(`${work.step} of order ${orderId} waits for its lease to run out: ${messageOf(lost)}`);
    });
  }
}

/** Exponential with jitter. */
function backoffMs(attempts: number): number {
  return Math.min(FIRST_BACKOFF_MS * 2 ** (attempts - 1), LONGEST_BACKOFF_MS) * (0.5 + Math.random() / 2);
}
