/** What a torture gets from its caller: the command line or a test. */
export interface Rack {
  readonly say: (line: string) => void;
  /** Ends everything that was started. */
  readonly signal: AbortSignal;
  /** For the data; empty at first. */
  readonly folder: string;
  readonly seed: number;
}

export interface Verdict {
  /** What was done. */
  readonly summary: string;
  /** Nothing here: it holds. */
  readonly violations: readonly string[];
  /** The options that do the same again. */
  readonly again: string;
}

/** This machine lacks what a torture needs. */
export class CannotRun extends Error {
  override readonly name = 'CannotRun';
}

export const MINUTE_MS = 60_000;

/** Violations come in crowds; the first ones tell what happened. */
const TOLD = 20;

/** What went wrong, as long as somebody may want to read it. */
export class Violations {
  readonly #found: string[] = [];
  #more = 0;

  add(violation: string): void {
    if (this.#found.length < TOLD) this.#found.push(violation);
    else this.#more += 1;
  }

  get any(): boolean {
    return this.#found.length > 0;
  }

  get all(): string[] {
    return this.#more === 0 ? [...this.#found] : [...this.#found, `and ${this.#more} more`];
  }
}
