import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate } from 'node:timers/promises';

/** Resolves when everything that can run without a turn has run. */
export const quiet = (): Promise<void> => setImmediate();

/** One incarnation of a process. Once it is over, nothing that it awaits ever comes. */
export class Life {
  isOver = false;
  /** It stands still: nothing that it awaits comes for now. */
  isPaused = false;
}

const running = new AsyncLocalStorage<Life>();

/** Runs code as this incarnation of a process; what it starts and awaits belongs to it, too. */
export function inLife<T>(life: Life, work: () => T): T {
  return running.run(life, work);
}

/** Whose code runs; undefined outside of simulated processes. */
export function currentLife(): Life | undefined {
  return running.getStore();
}

/**
 * Everything that leaves a process (a call to the store, to the provider, to its database, the commit of an offset)
 * waits here for its turn, and the seed decides which goes on next. Between two turns everything runs that can, so
 * that the same seed gives the same simulation.
 */
export class Turns {
  readonly #random: () => number;
  #waiting: { readonly life: Life; readonly go: () => void }[] = [];

  constructor(random: () => number) {
    this.#random = random;
  }

  take(life: Life): Promise<void> {
    return new Promise((go) => {
      if (!life.isOver) this.#waiting.push({ life, go });
    });
  }

  /** Lets one of those that wait go on, as far as it gets; false when nobody waits. */
  async grant(): Promise<boolean> {
    const ready = this.#waiting.some(({ life }) => life.isPaused) ? this.#waiting.filter(({ life }) => !life.isPaused) : this.#waiting;
    const next = ready[Math.floor(this.#random() * ready.length)];
    if (next === undefined) return false;
    this.#waiting.splice(this.#waiting.indexOf(next), 1);
    next.go();
    await quiet();
    return true;
  }

  /** The process dies where it stands. */
  end(life: Life): void {
    life.isOver = true;
    this.#waiting = this.#waiting.filter((each) => each.life !== life);
  }
}
