import { type GroupSettings, isStrategy } from './definition.ts';
import { type Item, type Member, type NackAction, type NewItem, type Parking, TIMINGS } from './items.ts';
import { strategyOf } from './strategies.ts';
import type { Strategy } from './strategy.ts';

interface InFlight {
  readonly item: Item;
  readonly member: Member;
  readonly sentMs: number;
}

export interface Delivery {
  readonly member: Member;
  readonly item: Item;
}

export interface Checkpoint {
  readonly place: bigint;
  readonly sequence: number;
}

/**
 * What a group knows of the events between its checkpoint and the end: which wait, are in flight, are to be tried
 * again or parked. It is pure: time is given to it, and what it wants written it returns.
 *
 * An event is settled when a client acked or skipped it, or when it is parked on disk. Only then can the checkpoint
 * pass it, so that whatever is lost with the process is read again.
 */
export class GroupState {
  readonly #settings: GroupSettings;
  readonly #strategy: Strategy<Member>;
  readonly members = new Map<string, Member>();
  /** Read and not settled, in the order of reading. */
  readonly #unsettled = new Map<number, Item>();
  /** Replayed and not settled, in the order of the parked stream, by revision there. */
  readonly #replayed = new Map<bigint, Item>();
  readonly #buffer = new Set<Item>();
  readonly #inFlight = new Map<string, InFlight>();
  readonly #parking = new Set<Item>();
  #retry: Item[] = [];
  #nextSequence: number;
  #lastPlace: bigint | null;
  #checkpointedSequence: number;
  #checkpointedMs = -Infinity;

  /** `checkpoint` is the last place of an earlier life, which is settled. */
  constructor(settings: GroupSettings, checkpoint: bigint | null) {
    if (!isStrategy(settings.strategy)) throw new Error(`no strategy: ${settings.strategy}`);
    this.#settings = settings;
    this.#strategy = strategyOf(settings.strategy);
    this.#lastPlace = checkpoint;
    this.#nextSequence = checkpoint === null ? 0 : 1;
    this.#checkpointedSequence = this.#nextSequence - 1;
  }

  get buffered(): number {
    return this.#buffer.size;
  }

  get retrying(): number {
    return this.#retry.length;
  }

  get outstanding(): number {
    return this.#inFlight.size + this.#parking.size;
  }

  /** Takes an event that was read. Events must come in their order. */
  offer(event: NewItem & { readonly place: bigint }): void {
    const item: Item = { ...event, sequence: this.#nextSequence, before: this.#lastPlace, retryCount: 0 };
    this.#nextSequence += 1;
    this.#lastPlace = event.place;
    this.#unsettled.set(item.sequence, item);
    this.#buffer.add(item);
  }

  /** An event that the group does not want. */
  skip(place: bigint): void {
    this.#nextSequence += 1;
    this.#lastPlace = place;
  }

  /** Takes a parked event, which never moves the checkpoint. */
  replay(event: NewItem): void {
    const item: Item = { ...event, sequence: -1, before: null, retryCount: 0 };
    this.#replayed.set(item.revision, item);
    this.#retry.push(item);
  }

  /** The lowest revision of the parked stream that was replayed and is not settled; undefined when all is. */
  get oldestReplayed(): bigint | undefined {
    return this.#replayed.keys().next().value;
  }

  add(member: Member): void {
    this.members.set(member.id, member);
    this.#strategy.add(member);
  }

  /** What it had in flight goes to others. */
  remove(id: string, nowMs: number): void {
    const member = this.members.get(id);
    if (member === undefined) return;
    this.members.delete(id);
    this.#strategy.remove(member);
    for (const eventId of member.inFlight) this.#tryAgain(this.#release(eventId, nowMs)!);
  }

  /** What goes out now, and to whom: what is tried again before what is new. */
  deliver(nowMs: number): Delivery[] {
    const deliveries: Delivery[] = [];
    if (this.members.size === 0) return deliveries;
    for (const waiting of [this.#retry.values(), this.#buffer.values()]) {
      for (const item of waiting) {
        // Two events can have one id, and clients settle by id: the second waits for the first.
        if (this.#inFlight.has(item.id)) continue;
        const member = this.#strategy.choose(item.pin);
        if (member === 'skip') continue;
        if (member === 'full') return this.#sent(deliveries);
        member.inFlight.add(item.id);
        member.unsent += 1;
        member.total += 1;
        this.#inFlight.set(item.id, { item, member, sentMs: nowMs });
        deliveries.push({ member, item });
        this.#buffer.delete(item);
      }
    }
    return this.#sent(deliveries);
  }

  ack(ids: readonly string[], nowMs: number): void {
    for (const id of ids) {
      const item = this.#release(id, nowMs);
      if (item !== undefined) this.#settle(item);
    }
  }

  nack(ids: readonly string[], action: NackAction, reason: string, nowMs: number): Parking[] {
    return ids.flatMap((id) => {
      const item = this.#release(id, nowMs);
      if (item === undefined) return [];
      switch (action) {
        case 'unknown':
        case 'retry':
          return this.#tryAgainOrPark(item);
        case 'park':
          return this.#park(item, `Client explicitly NAK'ed message.\n${reason}`);
        default:
          this.#settle(item);
          return [];
      }
    });
  }

  /** Takes back what clients have had for too long. */
  expire(nowMs: number): Parking[] {
    const expired: Item[] = [];
    for (const [id, { sentMs }] of this.#inFlight) {
      // They are in the order of sending, and all have the same time.
      if (sentMs + this.#settings.messageTimeoutMs > nowMs) break;
      expired.push(this.#release(id, nowMs)!);
    }
    return expired.flatMap((item) => this.#tryAgainOrPark(item));
  }

  /** It is on disk in the parked stream. */
  parked(item: Item): void {
    if (this.#parking.delete(item)) this.#settle(item);
  }

  /** The checkpoint that is to be written now, if any. `isTick` says that time has passed and nothing else. */
  checkpointDue(nowMs: number, isTick: boolean): Checkpoint | null {
    const { checkpointAfterMs, minCheckpointCount, maxCheckpointCount } = this.#settings;
    const { place, sequence } = this.#progress();
    const count = sequence - this.#checkpointedSequence;
    if (place === null || count <= 0) return null;
    if (count >= maxCheckpointCount) return { place, sequence };
    const isTime = checkpointAfterMs > 0 && nowMs - this.#checkpointedMs >= checkpointAfterMs;
    return isTick && isTime && count >= minCheckpointCount ? { place, sequence } : null;
  }

  checkpointed({ sequence }: Checkpoint, nowMs: number): void {
    this.#checkpointedSequence = sequence;
    this.#checkpointedMs = nowMs;
  }

  /** How far everything is settled. */
  #progress(): { readonly place: bigint | null; readonly sequence: number } {
    const oldest = this.#unsettled.values().next().value;
    if (oldest === undefined) return { place: this.#lastPlace, sequence: this.#nextSequence - 1 };
    return { place: oldest.before, sequence: oldest.sequence - 1 };
  }

  #sent(deliveries: Delivery[]): Delivery[] {
    if (deliveries.length > 0 && this.#retry.length > 0) {
      const sent = new Set(deliveries.map(({ item }) => item));
      this.#retry = this.#retry.filter((item) => !sent.has(item));
    }
    return deliveries;
  }

  /** Takes an event from the client that has it; undefined when none has it any more. */
  #release(id: string, nowMs: number): Item | undefined {
    const entry = this.#inFlight.get(id);
    if (entry === undefined) return undefined;
    this.#inFlight.delete(id);
    const { member, item, sentMs } = entry;
    member.inFlight.delete(id);
    if (this.#settings.extraStatistics) {
      if (member.timingsMs.length >= TIMINGS) member.timingsMs.shift();
      member.timingsMs.push(Math.trunc(nowMs - sentMs));
    }
    return item;
  }

  #settle(item: Item): void {
    if (item.place === null) this.#replayed.delete(item.revision);
    else this.#unsettled.delete(item.sequence);
  }

  #tryAgainOrPark(item: Item): Parking[] {
    const { maxRetryCount } = this.#settings;
    if (item.retryCount >= maxRetryCount) return this.#park(item, `Reached retry count of ${maxRetryCount}`);
    this.#tryAgain(item);
    return [];
  }

  /** Before whatever comes later in the log; a replayed one at the end. */
  #tryAgain(item: Item): void {
    item.retryCount += 1;
    const { place } = item;
    const next = place === null ? -1 : this.#retry.findIndex((other) => other.place !== null && place < other.place);
    if (next === -1) this.#retry.push(item);
    else this.#retry.splice(next, 0, item);
  }

  #park(item: Item, reason: string): Parking[] {
    this.#parking.add(item);
    return [{ item, reason }];
  }
}
