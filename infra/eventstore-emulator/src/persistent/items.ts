import type { Candidate } from './strategy.ts';

/** An event on its way through a group: where it is in the log, and what became of it. Its bytes stay in the log. */
export interface Item {
  /** Of the event, or of the link to it: what clients settle it by. */
  readonly id: string;
  readonly stream: string;
  readonly revision: bigint;
  /** Its place in what the group reads; null for a parked event that is replayed. */
  readonly place: bigint | null;
  /** What goes to one client under the strategies that pin. */
  readonly pin: string;
  /** Its number in the order of reading. */
  readonly sequence: number;
  /** The place that was read before it: as far as a checkpoint may go while it is not settled; null at the start. */
  readonly before: bigint | null;
  retryCount: number;
}

export type NewItem = Omit<Item, 'sequence' | 'before' | 'retryCount'>;

export type NackAction = 'unknown' | 'park' | 'retry' | 'skip' | 'stop';

/** To be written to the parked stream, and told to `parked` when it is on disk. */
export interface Parking {
  readonly item: Item;
  readonly reason: string;
}

/** How many events may wait to be written to one client, however much it is ready to have in flight. */
const MOST_UNSENT = 100;

/** How many of the last processing times are kept for each client. */
export const TIMINGS = 1000;

/** A connected client. */
export class Member implements Candidate {
  readonly id: string;
  readonly slots: number;
  readonly inFlight = new Set<string>();
  /** How long the last events took, when the group measures that. */
  readonly timingsMs: number[] = [];
  unsent = 0;
  total = 0;

  constructor(id: string, slots: number) {
    this.id = id;
    this.slots = slots;
  }

  hasRoom(): boolean {
    return this.inFlight.size < this.slots && this.unsent < MOST_UNSENT;
  }
}
