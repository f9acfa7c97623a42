import type { StoredEvent } from '@orderstream/event-sourcing';
import {
  AMONG_EVENTS,
  BEHIND_A_PARKED_EVENT,
  type Failure,
  beginningOf,
  boundedName,
  checkFailures,
  isHeldBack,
} from '@orderstream/messaging';

/** How much of a cause a checkpoint keeps; the parked record has all of it. */
const LONGEST_CAUSE = 300;

/** What a shard has parked, as far as its relay must know to go on as it began, also after a restart. */
export class ParkedSoFar {
  readonly #first: Map<string, number>;
  #failures: Failure[];
  #events = 0;

  /**
   * @param first the first parked revision of each stream that has one.
   * @param failures those of the last events, with places that end at 0.
   */
  constructor(first: ReadonlyMap<string, number>, failures: readonly Failure[]) {
    this.#first = new Map([...first].map(([stream, revision]) => [boundedName(stream), revision]));
    this.#failures = [...failures];
  }

  /** How many streams have a parked event. */
  get streams(): number {
    return this.#first.size;
  }

  /** For the next checkpoint: what failed among the last events, the last of which is at 0. */
  get failures(): readonly Failure[] {
    return this.#failures.map((failure) => ({ ...failure, place: failure.place - this.#events }));
  }

  /** Whether the event would overtake a parked one of its stream, or is that. */
  isHeldBack({ stream, revision }: StoredEvent): boolean {
    return isHeldBack(this.#first, boundedName(stream), revision);
  }

  /**
   * Counts an event, with its cause when it is parked.
   *
   * @throws ConsumerHeld when it would be one too many, and is not counted then.
   */
  add({ stream, revision }: StoredEvent, cause: string | null): void {
    const place = this.#events + 1;
    const name = boundedName(stream);
    const near = this.#failures.filter((failure) => place - failure.place < AMONG_EVENTS);
    if (cause !== null && cause !== BEHIND_A_PARKED_EVENT) {
      const failure = { stream: name, place, cause: beginningOf(cause, LONGEST_CAUSE) };
      checkFailures(near, [failure], AMONG_EVENTS);
      near.push(failure);
    }
    if (cause !== null) this.#first.set(name, Math.min(revision, this.#first.get(name) ?? revision));
    this.#failures = near;
    this.#events = place;
  }
}
