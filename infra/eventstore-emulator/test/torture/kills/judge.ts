import type { Violations } from '../torture.ts';
import { type Attempt, type Stored, whatItIs } from './attempt.ts';

/**
 * Compares what clients were told with what is stored. It takes $all piece by piece, as the log grows, and settles
 * attempts once it has seen the log's end after the kill.
 */
export class Judge {
  readonly #violations: Violations;
  readonly #attempts = new Map<string, Attempt>();
  readonly #stored = new Map<string, Stored>();
  /** Not there when the server was gone that they were sent to, and never sent again. */
  readonly #absent = new Set<Attempt>();
  readonly #lastRevisions = new Map<string, bigint>();
  /** Ids of all events, those of the server too, in the order of $all. */
  readonly order: string[] = [];
  lastPosition = -1n;

  constructor(violations: Violations) {
    this.#violations = violations;
  }

  /** Says that an append was or will be sent. */
  expect(attempt: Attempt): void {
    for (const { id } of attempt.events) this.#attempts.set(id, attempt);
  }

  lastRevision(stream: string): bigint {
    return this.#lastRevisions.get(stream) ?? -1n;
  }

  get streams(): string[] {
    return [...this.#lastRevisions.keys()];
  }

  /** What follows in $all on what was taken before. */
  take(events: readonly Stored[]): void {
    for (const event of events) this.#takeOne(event);
  }

  #takeOne(event: Stored): void {
    const { id, stream, revision, position } = event;
    const where = `${id} at ${revision} of ${stream}, position ${position}`;
    if (position <= this.lastPosition) this.#violations.add(`$all does not grow: ${where} comes after position ${this.lastPosition}`);
    if (this.#stored.has(id))
      this.#violations.add(`twice: ${where} and ${this.#stored.get(id)!.revision} of ${this.#stored.get(id)!.stream}`);
    const next = this.lastRevision(stream) + 1n;
    if (revision !== next) this.#violations.add(`revisions of ${stream} are not contiguous: ${revision} instead of ${next}`);
    const attempt = this.#attempts.get(id);
    if (!stream.startsWith('$') && attempt?.stream !== stream) this.#violations.add(`nobody has written ${where}`);
    if (attempt !== undefined && this.#absent.has(attempt)) this.#violations.add(`written after all: ${where}`);
    this.lastPosition = position;
    this.#lastRevisions.set(stream, revision);
    this.#stored.set(id, event);
    this.order.push(id);
  }

  /** When $all was taken to its end. */
  settle(attempts: Iterable<Attempt>): void {
    for (const attempt of attempts) this.#settleOne(attempt);
  }

  #settleOne(attempt: Attempt): void {
    const { acknowledged, events, expected } = attempt;
    const stored = events.map(({ id }) => this.#stored.get(id));
    const missing = stored.filter((event) => event === undefined).length;
    if (acknowledged !== null && missing > 0) this.#violations.add(`lost: ${missing} of an acknowledged ${whatItIs(attempt)}`);
    if (acknowledged === null && missing > 0 && missing < events.length)
      this.#violations.add(`torn: ${missing} are missing of an ${whatItIs(attempt)}`);
    if (attempt.isAbandoned && missing > 0) this.#absent.add(attempt);
    const last = stored.at(-1);
    if (missing > 0 || last === undefined) return;
    const isWhole = stored.every((event, index) => this.#isSame(event!, attempt, index, last.revision));
    if (!isWhole) this.#violations.add(`changed: what is stored is not the ${whatItIs(attempt)}`);
    const first = last.revision - BigInt(events.length - 1);
    const wanted = expected === 'no_stream' ? 0n : expected === 'any' ? first : expected + 1n;
    if (first !== wanted) this.#violations.add(`misplaced: ${first} is the revision of the ${whatItIs(attempt)}`);
    if (acknowledged !== null && (acknowledged.revision !== last.revision || acknowledged.position !== last.position)) {
      const told = `revision ${acknowledged.revision}, position ${acknowledged.position}`;
      this.#violations.add(`moved: ${last.revision}, ${last.position} has what was acknowledged as ${told} of the ${whatItIs(attempt)}`);
    }
  }

  #isSame(event: Stored, { stream, events }: Attempt, index: number, lastRevision: bigint): boolean {
    const proposed = events[index]!;
    const revision = lastRevision - BigInt(events.length - 1 - index);
    return event.stream === stream && event.revision === revision && event.type === proposed.type && event.data === proposed.data;
  }

  /** A stream as it is read alone has exactly what $all has of it. */
  compareStream(stream: string, events: readonly Stored[]): void {
    const isSame = events.every(
      (event, index) => event.revision === BigInt(index) && this.#stored.get(event.id)?.position === event.position,
    );
    if (!isSame || BigInt(events.length) !== this.lastRevision(stream) + 1n) {
      this.#violations.add(
        `${stream} is read alone with ${events.length} events, which are not those of $all (${this.lastRevision(stream) + 1n})`,
      );
    }
  }

  /** What a subscriber saw from the beginning is $all, exactly once and in order, as far as both came. */
  compareSeen(who: string, ids: readonly string[], wanted: (id: string) => boolean = () => true): void {
    const order = this.order.filter(wanted);
    const at = ids.slice(0, order.length).findIndex((id, index) => id !== order[index]);
    if (at >= 0) this.#violations.add(`${who} saw ${ids[at]} as number ${at}, where $all has ${order[at]}`);
  }

  streamOf(id: string): string {
    return this.#stored.get(id)!.stream;
  }
}
