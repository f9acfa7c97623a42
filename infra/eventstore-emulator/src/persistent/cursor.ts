import type { StreamReader } from '../streams/stream-reader.ts';
import { type GroupDefinition, LIVE } from './definition.ts';
import { type EventSource, sourceOf } from './event-source.ts';
import type { GroupState } from './group-state.ts';
import { pinOf } from './pins.ts';

/** As much as the real server reads at once. */
const LARGEST_BATCH = 100;
const DEFAULT_BATCH = 20;

/**
 * How far a group has read. It reads on while its buffer has room, and is live when it has seen the end and kept up
 * since. Nothing is kept of what it can't take: the log has it.
 */
export class Cursor {
  readonly #definition: GroupDefinition;
  readonly #streams: StreamReader;
  readonly #source: EventSource;
  readonly #state: GroupState;
  #next: bigint;
  #isLive: boolean;
  /** Where the log ended when there was nothing more to read. */
  #endSeen = -1n;
  #lastKnown: bigint | null = null;
  #liveEvents = 0;

  /** Goes on after the checkpoint. Without one it starts anew, at the end that is the end now: so does the real server. */
  constructor(definition: GroupDefinition, streams: StreamReader, state: GroupState, checkpoint: bigint | null) {
    const { startFrom } = definition.settings;
    this.#definition = definition;
    this.#streams = streams;
    this.#source = sourceOf(definition, streams);
    this.#state = state;
    this.#isLive = checkpoint === null && startFrom === LIVE;
    this.#next = this.#isLive ? this.#source.afterEnd(0n) : (checkpoint ?? startFrom - 1n) + 1n;
  }

  get isLive(): boolean {
    return this.#isLive;
  }

  /** The last place of an event that the group wanted. */
  get lastKnown(): bigint | null {
    return this.#lastKnown;
  }

  /** How many events it read as they were committed. */
  get liveEvents(): number {
    return this.#liveEvents;
  }

  /** What it reads can't be read any more. */
  get isBroken(): boolean {
    return !this.#isLive && this.#source.isGone();
  }

  /** Reads a page, if there is room for one. Gives whether there may be more to read at once. */
  readOn(): boolean {
    const { lastPosition } = this.#streams.log;
    if (this.#isLive && lastPosition === this.#endSeen) return false;
    const room = this.#room();
    if (room <= 0) {
      if (this.#isLive && this.#source.read(this.#next, 1, true).length > 0) this.#isLive = false;
      return false;
    }
    const page = this.#source.read(this.#next, room, this.#isLive);
    const wanted = this.#source.select(page);
    for (const [index, event] of page.entries()) {
      const place = this.#source.placeOf(event);
      const isWanted = wanted[index];
      this.#next = place + 1n;
      if (isWanted === false) this.#state.skip(place);
      if (isWanted !== true) continue;
      const { id, stream, revision } = event;
      this.#state.offer({ id, stream, revision, place, pin: pinOf(event, this.#definition.settings, this.#streams) });
      this.#lastKnown = place;
      if (this.#isLive) this.#liveEvents += 1;
    }
    if (page.length > 0) return true;
    this.#next = this.#source.afterEnd(this.#next);
    this.#isLive = true;
    this.#endSeen = lastPosition;
    return false;
  }

  /** How many events may be read now. */
  #room(): number {
    const { historyBufferSize, readBatchSize } = this.#definition.settings;
    const { buffered, retrying } = this.#state;
    if (this.#isLive) return Math.min(LARGEST_BATCH, historyBufferSize - buffered);
    if (historyBufferSize - buffered - retrying <= readBatchSize) return 0;
    return Math.min(LARGEST_BATCH, readBatchSize > 0 ? readBatchSize : DEFAULT_BATCH);
  }
}
