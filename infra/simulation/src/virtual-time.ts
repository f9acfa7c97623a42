import { syncBuiltinESMExports } from 'node:module';
import timersPromises from 'node:timers/promises';
import { currentLife, inLife, type Life } from './turns.ts';

interface Timer {
  readonly life: Life;
  readonly fire: () => void;
  /** null: once. */
  readonly everyMs: number | null;
  dueMs: number;
  readonly handle: object;
}

type Timing = Pick<typeof globalThis, 'setTimeout' | 'setInterval' | 'clearTimeout' | 'clearInterval'>;

/**
 * The clock and the timers of simulated processes: the world says when time passes and which timer fires. Code that
 * belongs to no simulated process keeps the real ones.
 */
export class VirtualTime {
  nowMs: number;
  readonly #timers = new Map<object, Timer>();

  constructor(beginMs: number) {
    this.nowMs = beginMs;
  }

  /** Puts this clock in the place of the global one, and returns what puts that back. */
  install(): () => void {
    const { setTimeout, setInterval, clearTimeout, clearInterval } = globalThis;
    const real = { setTimeout, setInterval, clearTimeout, clearInterval };
    const [realNow, realDelay] = [Date.now, timersPromises.setTimeout];
    Object.assign(globalThis, this.#timing(real));
    Date.now = () => (currentLife() === undefined ? realNow() : this.nowMs);
    const realPerformanceNow = performance.now.bind(performance);
    performance.now = () => (currentLife() === undefined ? realPerformanceNow() : this.nowMs);
    timersPromises.setTimeout = (...args) => (currentLife() === undefined ? realDelay(...args) : delayed(...args));
    syncBuiltinESMExports();
    return () => {
      Object.assign(globalThis, real);
      Date.now = realNow;
      Reflect.deleteProperty(performance, 'now');
      timersPromises.setTimeout = realDelay;
      syncBuiltinESMExports();
    };
  }

  /** When the next timer is due of those processes that don't stand still; null: none. */
  get nextDueMs(): number | null {
    return this.#next()?.dueMs ?? null;
  }

  /** Fires the timer that is due next, if it is due. */
  fire(): boolean {
    const next = this.#next();
    if (next === undefined || next.dueMs > this.nowMs) return false;
    if (next.everyMs === null) this.#timers.delete(next.handle);
    else next.dueMs = this.nowMs + next.everyMs;
    inLife(next.life, next.fire);
    return true;
  }

  /** The process dies, and with it its timers. */
  end(life: Life): void {
    for (const [handle, timer] of this.#timers) if (timer.life === life) this.#timers.delete(handle);
  }

  #next(): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers.values()) {
      if (!timer.life.isPaused && (next === undefined || timer.dueMs < next.dueMs)) next = timer;
    }
    return next;
  }

  #timing(real: Timing): Timing {
    const set =
      (isRepeated: boolean) =>
      (work: (...args: unknown[]) => void, ms = 0, ...args: unknown[]): object => {
        const life = currentLife();
        if (life === undefined) return (isRepeated ? real.setInterval : real.setTimeout)(work, ms, ...args);
        const handle = { ref: () => handle, unref: () => handle };
        const afterMs = Math.max(1, ms);
        const timer = { life, handle, fire: () => work(...args), everyMs: isRepeated ? afterMs : null, dueMs: this.nowMs + afterMs };
        if (!life.isOver) this.#timers.set(handle, timer);
        return handle;
      };
    const clear =
      (clearReal: (handle: never) => void) =>
      (handle: unknown): void => {
        if (typeof handle !== 'object' || handle === null || !this.#timers.delete(handle)) clearReal(handle as never);
      };
    return {
      setTimeout: set(false),
      setInterval: set(true),
      clearTimeout: clear(real.clearTimeout),
      clearInterval: clear(real.clearInterval),
    } as Timing;
  }
}

/** `setTimeout` of node:timers/promises, by the timers of a process. */
function delayed<T>(ms = 0, value?: T, { signal }: { readonly signal?: AbortSignal | undefined } = {}): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort);
      resolve(value as T);
    }, ms);
    const abort = (): void => {
      clearTimeout(timer);
      reject(new DOMException('This operation was aborted', 'AbortError'));
    };
    if (signal?.aborted === true) abort();
    else signal?.addEventListener('abort', abort, { once: true });
  });
}
