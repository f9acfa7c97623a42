import { performance } from 'node:perf_hooks';
import type { SentInfo } from '../protocol/persistent-messages.ts';
import type { StreamReader } from '../streams/stream-reader.ts';
import { CheckpointStream } from './checkpoint-stream.ts';
import type { Consumer } from './consumer.ts';
import { type GroupDefinition, LIVE, keyOf } from './definition.ts';
import { type EventSource, sourceOf } from './event-source.ts';
import { GroupState } from './group-state.ts';
import { Member, type NackAction, type Parking } from './items.ts';
import { Measures } from './measures.ts';
import { ParkedStream } from './parked-stream.ts';
import { pinOf } from './pins.ts';
import { Replay } from './replay.ts';
import { report } from './report.ts';
import type { SystemStreams } from './system-streams.ts';

/** As much as the real server reads at once. */
const LARGEST_BATCH = 100;
const DEFAULT_BATCH = 20;

/**
 * A group at work: a cursor over the log, the clients, and the writes of checkpoint and parked events. Every call
 * only changes the state and asks for a turn, in which the group reads on, delivers and writes.
 */
export class Group {
  readonly definition: GroupDefinition;
  readonly #streams: StreamReader;
  readonly #source: EventSource;
  readonly #state: GroupState;
  readonly #checkpoints: CheckpointStream;
  readonly #parked: ParkedStream;
  readonly #replay: Replay;
  readonly #consumers = new Map<string, Consumer>();
  readonly #measures = new Measures();
  /** Parked in memory, but not on disk, as a write failed. */
  readonly #unwritten = new Set<Parking>();
  /** The next place to read. */
  #next: bigint;
  #isLive: boolean;
  /** Where the log ended when there was nothing more to read. */
  #endSeen = -1n;
  #isTurnAsked = false;
  #isCheckpointWriting = false;
  #isFaulted = false;
  #isClosed = false;
  #lastCheckpoint: bigint | null;
  #lastKnown: bigint | null = null;
  #liveEvents = 0;

  constructor(definition: GroupDefinition, system: SystemStreams) {
    const { streams } = system;
    const { stream, settings } = definition;
    const key = keyOf(definition);
    this.definition = definition;
    this.#streams = streams;
    this.#source = sourceOf(definition, streams);
    this.#checkpoints = new CheckpointStream(key, stream, system);
    this.#parked = new ParkedStream(key, system);
    this.#lastCheckpoint = this.#checkpoints.read();
    this.#state = new GroupState(settings, this.#lastCheckpoint);
    this.#replay = new Replay(
      this.#parked,
      this.#state,
      (link) => pinOf(link, { ...settings, resolveLinks: true }, streams),
      settings.historyBufferSize,
    );
    // Without a checkpoint it starts anew, at the end that is the end now: so does the real server.
    const isFromEnd = this.#lastCheckpoint === null && settings.startFrom === LIVE;
    this.#isLive = isFromEnd;
    this.#next = isFromEnd ? this.#source.afterEnd(0n) : (this.#lastCheckpoint ?? settings.startFrom - 1n) + 1n;
    this.wake();
  }

  get hasRoomForConsumer(): boolean {
    const { maxSubscriberCount } = this.definition.settings;
    return maxSubscriberCount === 0 || this.#consumers.size < maxSubscriberCount;
  }

  connect(consumer: Consumer): void {
    this.#consumers.set(consumer.id, consumer);
    this.#state.add(new Member(consumer.id, consumer.slots));
    if (this.#isFaulted || this.#isClosed) this.#drop(consumer);
    this.wake();
  }

  disconnect(consumer: Consumer): void {
    this.#consumers.delete(consumer.id);
    this.#state.remove(consumer.id, performance.now());
    this.wake();
  }

  /** An event has left for its client. */
  sent(consumer: Consumer): void {
    const member = this.#state.members.get(consumer.id);
    if (member === undefined) return;
    member.unsent -= 1;
    if (member.unsent === 0) this.wake();
  }

  ack(ids: readonly string[]): void {
    this.#state.ack(ids, performance.now());
    this.wake();
  }

  nack(ids: readonly string[], action: NackAction, reason: string): void {
    this.#park(this.#state.nack(ids, action, reason, performance.now()));
    this.wake();
  }

  /** Parked events before a revision of the parked stream go out again; all of them without one. */
  replayParked(stopAt: bigint | undefined): void {
    this.#replay.start(stopAt);
    this.wake();
  }

  /** Once a second. */
  tick(): void {
    if (this.#isClosed) return;
    this.#guard(() => {
      this.#park(this.#state.expire(performance.now()));
      const again = [...this.#unwritten];
      this.#unwritten.clear();
      this.#park(again);
      this.#writeCheckpoint(true);
    });
    this.wake();
  }

  /** There may be something to read or to deliver. */
  wake(): void {
    if (this.#isTurnAsked || this.#isClosed) return;
    this.#isTurnAsked = true;
    setImmediate(() => {
      this.#isTurnAsked = false;
      if (!this.#isClosed) this.#guard(() => this.#turn());
    });
  }

  /** Drops all clients. Nothing is read or written any more, but for what is on its way to the disk. */
  close(): void {
    this.#isClosed = true;
    for (const consumer of this.#consumers.values()) this.#drop(consumer);
  }

  /** To be called when it is closed, and in the turn of whatever else is written about its end. */
  deleteStreams(): Promise<unknown>[] {
    return [this.#checkpoints.delete(), this.#parked.delete()];
  }

  info(): SentInfo {
    const { first, end } = this.#parked.bounds;
    const oldest = this.#replay.next > first ? this.#replay.next : first;
    return this.#measures.take(this.definition, {
      isLive: this.#isLive,
      isReplaying: this.#replay.isRunning,
      lastCheckpoint: this.#lastCheckpoint,
      lastKnown: this.#lastKnown,
      liveEvents: this.#liveEvents,
      parked: end > oldest ? end - oldest : 0n,
      state: this.#state,
      consumers: [...this.#consumers.values()],
    });
  }

  #turn(): void {
    const isReplayed = this.#replay.advance();
    const isMore = this.#readOn();
    for (const { member, item } of this.#state.deliver(performance.now())) {
      this.#measures.countDelivered();
      this.#consumers.get(member.id)!.push(item);
    }
    this.#writeCheckpoint(false);
    this.#replay.markSettled();
    if (isMore || isReplayed) this.wake();
  }

  /** Reads a page, if there is room for one. Gives whether there may be more to read at once. */
  #readOn(): boolean {
    const { log } = this.#streams;
    if (this.#isFaulted || (this.#isLive && log.lastPosition === this.#endSeen)) return false;
    const room = this.#room();
    if (!this.#isLive && this.#source.isGone()) {
      this.#fault();
      return false;
    }
    // One more than there is room for tells a live group whether it falls behind.
    const page = room > 0 || this.#isLive ? this.#source.read(this.#next, Math.max(1, room), this.#isLive) : [];
    if (room <= 0) {
      if (page.length > 0) this.#isLive = false;
      return false;
    }
    for (const event of page) {
      const place = this.#source.placeOf(event);
      const isWanted = this.#source.wants(event);
      this.#next = place + 1n;
      if (isWanted === false) this.#state.skip(place);
      if (isWanted !== true) continue;
      const { id, stream, revision } = event;
      this.#state.offer({ id, stream, revision, place, pin: pinOf(event, this.definition.settings, this.#streams) });
      this.#lastKnown = place;
      if (this.#isLive) this.#liveEvents += 1;
    }
    if (page.length > 0) return true;
    this.#next = this.#source.afterEnd(this.#next);
    this.#isLive = true;
    this.#endSeen = log.lastPosition;
    return false;
  }

  /** How many events may be read now. */
  #room(): number {
    const { historyBufferSize, readBatchSize } = this.definition.settings;
    const { buffered, retrying } = this.#state;
    if (this.#isLive) return Math.min(LARGEST_BATCH, historyBufferSize - buffered);
    if (historyBufferSize - buffered - retrying <= readBatchSize) return 0;
    return Math.min(LARGEST_BATCH, readBatchSize > 0 ? readBatchSize : DEFAULT_BATCH);
  }

  #park(parkings: readonly Parking[]): void {
    for (const parking of parkings) void this.#writeParked(parking);
  }

  async #writeParked(parking: Parking): Promise<void> {
    const { item, reason } = parking;
    try {
      const event = this.#streams.log.eventAt(item.stream, item.revision);
      const isResolved = item.place === null || this.definition.settings.resolveLinks;
      const isParked = event === undefined || (await this.#parked.park(event, isResolved, reason));
      if (!isParked) report(new Error(`${this.#parked.name} is deleted: ${item.revision}@${item.stream} can't be parked`));
      this.#state.parked(item);
      this.wake();
    } catch (cause) {
      // Until it is on disk the checkpoint stays before it; the next tick tries again.
      this.#unwritten.add(parking);
      report(cause);
    }
  }

  #writeCheckpoint(isTick: boolean): void {
    const due = this.#isCheckpointWriting ? null : this.#state.checkpointDue(performance.now(), isTick);
    if (due === null) return;
    this.#isCheckpointWriting = true;
    this.#checkpoints
      .write(due.place)
      .then(() => {
        this.#state.checkpointed(due, performance.now());
        this.#lastCheckpoint = due.place;
      })
      .catch(report)
      .finally(() => {
        this.#isCheckpointWriting = false;
      });
  }

  /** What it reads can't be read: nobody can be served. */
  #fault(): void {
    this.#isFaulted = true;
    for (const consumer of this.#consumers.values()) this.#drop(consumer);
  }

  #drop(consumer: Consumer): void {
    this.#consumers.delete(consumer.id);
    this.#state.remove(consumer.id, performance.now());
    consumer.drop();
  }

  #guard(work: () => void): void {
    try {
      work();
    } catch (cause) {
      report(cause);
      this.#fault();
    }
  }
}
