import type { Random } from '../random.ts';
import type { Violations } from '../torture.ts';
import { type Attempt, type Proposal, whatItIs } from './attempt.ts';
import { type Connection, Refused } from './connection.ts';

export interface Habit {
  readonly name: string;
  readonly expected: 'exact' | 'no_stream' | 'any';
  readonly call: 'append' | 'batchAppend';
  readonly largestAppend: number;
  readonly inFlight: number;
  /** Writers of one habit share a stream. */
  readonly sharesStream: boolean;
}

export const HABITS: readonly Habit[] = [
  { name: 'single', expected: 'exact', call: 'append', largestAppend: 1, inFlight: 1, sharesStream: false },
  { name: 'arrays', expected: 'exact', call: 'batchAppend', largestAppend: 7, inFlight: 1, sharesStream: false },
  { name: 'pipeline', expected: 'exact', call: 'batchAppend', largestAppend: 3, inFlight: 16, sharesStream: false },
  { name: 'births', expected: 'no_stream', call: 'batchAppend', largestAppend: 4, inFlight: 4, sharesStream: false },
  { name: 'shared', expected: 'any', call: 'append', largestAppend: 3, inFlight: 2, sharesStream: true },
  { name: 'shared', expected: 'any', call: 'batchAppend', largestAppend: 3, inFlight: 4, sharesStream: true },
];

export interface Round {
  readonly connection: Connection;
  readonly isOver: () => boolean;
  readonly largestEventBytes: number;
  readonly begun: (attempt: Attempt) => void;
  readonly acknowledged: () => void;
}

/** Appends until the server is gone; in the next round it first repeats what it was not told of, with the same ids. */
export class Writer {
  readonly habit: Habit;
  readonly #random: Random;
  readonly #violations: Violations;
  readonly #stream: string;
  #streams = 0;
  #next = -1n;
  #again: Attempt[] = [];

  constructor(habit: Habit, name: string, random: Random, violations: Violations) {
    this.habit = habit;
    this.#random = random;
    this.#violations = violations;
    this.#stream = habit.sharesStream ? habit.name : name;
  }

  /** Resolves when nothing is in flight any more. */
  async run(round: Round): Promise<void> {
    const inFlight = new Set<Promise<void>>();
    const again = this.#again;
    this.#again = [];
    const unknown: Attempt[] = [];
    while (unknown.length === 0 && !round.isOver()) {
      const attempt = again.shift() ?? this.#attempt(round);
      const done = this.#send(attempt, round, unknown).finally(() => inFlight.delete(done));
      inFlight.add(done);
      if (inFlight.size >= this.habit.inFlight) await Promise.race(inFlight);
    }
    await Promise.all(inFlight);
    for (const attempt of unknown) this.#keep(attempt);
    this.#again.push(...again);
    this.#again.sort((a, b) => Number(revisionBefore(a) - revisionBefore(b)));
  }

  /** What follows on one that is unknown is refused, and unknown too. */
  async #send(attempt: Attempt, { connection, acknowledged }: Round, unknown: Attempt[]): Promise<void> {
    try {
      attempt.acknowledged = await connection[this.habit.call](attempt);
      acknowledged();
    } catch (cause) {
      if (cause instanceof Refused && unknown.length === 0) this.#violations.add(`refused (${cause.message}): ${whatItIs(attempt)}`);
      unknown.push(attempt);
    }
  }

  /** Until everything is acknowledged that it ever sent. */
  async repeat(connection: Connection): Promise<void> {
    for (const attempt of this.#again) {
      try {
        attempt.acknowledged = await connection[this.habit.call](attempt);
      } catch (cause) {
        this.#violations.add(`refused (${(cause as Error).message}): ${whatItIs(attempt)}`);
      }
    }
    this.#again = [];
  }

  /** Without an exact revision nobody could tell the repeat from another event. */
  #keep(attempt: Attempt): void {
    if (this.habit.expected === 'any') attempt.isAbandoned = true;
    else this.#again.push(attempt);
  }

  #attempt({ largestEventBytes, begun }: Round): Attempt {
    const count = 1 + this.#random.below(this.habit.largestAppend);
    const events = Array.from({ length: count }, () => this.#proposal(largestEventBytes));
    const isBirth = this.habit.expected === 'no_stream';
    const stream = isBirth ? `${this.#stream}-${this.#streams++}` : this.#stream;
    const exact = this.#next < 0n ? 'no_stream' : this.#next;
    const attempt: Attempt = {
      stream,
      expected: this.habit.expected === 'exact' ? exact : this.habit.expected,
      events,
      acknowledged: null,
      isAbandoned: false,
    };
    if (this.habit.expected === 'exact') this.#next += BigInt(count);
    begun(attempt);
    return attempt;
  }

  #proposal(largestBytes: number): Proposal {
    const id = this.#random.uuid();
    const data = id.repeat(1 + this.#random.below(Math.ceil(largestBytes / id.length)));
    return { id, type: this.#random.pick(['Happened', 'Changed', 'Éänderung']), data };
  }
}

function revisionBefore({ expected }: Attempt): bigint {
  return typeof expected === 'bigint' ? expected : -1n;
}
