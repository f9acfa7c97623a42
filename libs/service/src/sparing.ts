const SILENT_FOR_MS = 60_000;
/** Subjects are few, such as dependencies; should they not be, the oldest is forgotten. */
const MOST_SUBJECTS = 100;

interface Told {
  readonly atMs: number;
  untold: number;
}

/**
 * Says a thing once, and then not again for a minute: what everything meets at the same time, such as requests
 * while a dependency is away, would hide all else in a log.
 */
export class Sparing {
  readonly #told = new Map<string, Told>();
  readonly #nowMs: () => number;

  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  /** When it is to be said now, how often it was left unsaid since the last time; otherwise null. */
  tell(subject: string): number | null {
    const nowMs = this.#nowMs();
    const last = this.#told.get(subject);
    if (last !== undefined && nowMs - last.atMs < SILENT_FOR_MS) {
      last.untold += 1;
      return null;
    }
    this.#told.delete(subject);
    this.#told.set(subject, { atMs: nowMs, untold: 0 });
    if (this.#told.size > MOST_SUBJECTS) this.#told.delete(this.#told.keys().next().value!);
    return last?.untold ?? 0;
  }
}
