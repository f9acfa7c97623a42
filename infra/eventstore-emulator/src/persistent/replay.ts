import type { EventRecord } from '../log/record.ts';
import { report } from '../report.ts';
import type { GroupState } from './group-state.ts';
import type { ParkedStream } from './parked-stream.ts';

const BATCH = 100;

/**
 * Parked events that go out again. They stay parked on disk until a client has settled them, so that a process that
 * dies in between loses none: `$tb` of the parked stream follows the oldest that is not settled.
 */
export class Replay {
  readonly #parked: ParkedStream;
  readonly #state: GroupState;
  readonly #pinOf: (link: EventRecord) => string;
  readonly #capacity: number;
  /** What comes before it went out already. */
  #next = 0n;
  /** What comes from it on does not go out. */
  #end = 0n;
  /** What comes before it is not parked any more. */
  #marked = 0n;
  #isMarking = false;

  /** No more than `capacity` events are in hand. */
  constructor(parked: ParkedStream, state: GroupState, pinOf: (link: EventRecord) => string, capacity: number) {
    this.#parked = parked;
    this.#state = state;
    this.#pinOf = pinOf;
    this.#capacity = capacity;
  }

  get next(): bigint {
    return this.#next;
  }

  get isRunning(): boolean {
    return this.#next < this.#end;
  }

  start(stopAt: bigint | undefined): void {
    if (this.isRunning) return;
    const { first, end } = this.#parked.bounds;
    if (this.#next < first) {
      this.#next = first;
      this.#marked = first;
    }
    this.#end = stopAt === undefined || stopAt > end ? end : stopAt;
  }

  /** Takes a page of parked events, if there is room. Gives whether there is more to take at once. */
  advance(): boolean {
    const room = this.#capacity - this.#state.retrying;
    if (!this.isRunning || room <= 0) return false;
    const links = this.#parked.read(this.#next, Math.min(BATCH, room)).filter(({ revision }) => revision < this.#end);
    for (const link of links) {
      const { id, stream, revision } = link;
      // What it points to may be gone by now: then there is nothing to do.
      if (this.#parked.isAlive(link)) this.#state.replay({ id, stream, revision, place: null, pin: this.#pinOf(link) });
    }
    this.#next = (links.at(-1)?.revision ?? this.#end - 1n) + 1n;
    return this.isRunning;
  }

  /** Has the parked stream forget what is settled. */
  markSettled(): void {
    const settled = this.#state.oldestReplayed ?? this.#next;
    if (this.#isMarking || settled <= this.#marked) return;
    void this.#mark(settled);
  }

  async #mark(settled: bigint): Promise<void> {
    this.#isMarking = true;
    try {
      await this.#parked.truncate(settled);
      this.#marked = settled;
    } catch (cause) {
      // It stays as it was, and a later turn tries again: the worst is that an event goes out twice.
      report(cause);
    }
    this.#isMarking = false;
  }
}
