import { performance } from 'node:perf_hooks';
import type { SentInfo } from '../protocol/persistent-messages.ts';
import { report } from '../report.ts';
import { PatternTooSlow } from '../streams/filter.ts';
import type { StreamReader } from '../streams/stream-reader.ts';
import type { SystemStreams } from '../streams/system-streams.ts';
import { CheckpointStream } from './checkpoint-stream.ts';
import type { Consumer } from './consumer.ts';
import { Cursor } from './cursor.ts';
import { type GroupDefinition, keyOf } from './definition.ts';
import { type Checkpoint, GroupState } from './group-state.ts';
import { Member, type NackAction, type Parking } from './items.ts';
import { Measures } from './measures.ts';
import { ParkedStream } from './parked-stream.ts';
import { pinOf } from './pins.ts';
import { Replay } from './replay.ts';

/**
 * A group at work: a cursor over the log, the clients, and the writes of checkpoint and parked events. Whatever
 * happens to it is acted on by itself, as by the real server: it makes room, and events go out before anything else is
 * looked at. Only reading waits for a turn of its own.
 */
export class Group {
  readonly definition: GroupDefinition;
  readonly #streams: StreamReader;
  readonly #state: GroupState;
  readonly #cursor: Cursor;
  readonly #checkpoints: CheckpointStream;
  readonly #parked: ParkedStream;
  readonly #replay: Replay;
  readonly #consumers = new Map<string, Consumer>();
  readonly #measures = new Measures();
  /** Parked in memory, but not on disk, as a write failed. */
  readonly #unwritten = new Set<Parking>();
  #isTurnAsked = false;
  #isCheckpointWriting = false;
  #isFaulted = false;
  /** Why, where clients can do something about it. */
  #failure: string | null = null;
  #isClosed = false;
  #lastCheckpoint: bigint | null;

  /** What is committed from now on is new to it. It does nothing before it is woken. */
  constructor(definition: GroupDefinition, system: SystemStreams) {
    const { streams } = system;
    const { stream, settings } = definition;
    const key = keyOf(definition);
    this.definition = definition;
    this.#streams = streams;
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
    this.#cursor = new Cursor(definition, streams, this.#state, this.#lastCheckpoint);
  }

  get hasRoomForConsumer(): boolean {
    const { maxSubscriberCount } = this.definition.settings;
    return maxSubscriberCount === 0 || this.#consumers.size < maxSubscriberCount;
  }

  connect(consumer: Consumer): void {
    this.#consumers.set(consumer.id, consumer);
    this.#state.add(new Member(consumer.id, consumer.slots));
    if (this.#isFaulted || this.#isClosed) this.#drop(consumer);
    this.#act(() => {});
  }

  disconnect(consumer: Consumer): void {
    this.#consumers.delete(consumer.id);
    this.#act(() => this.#state.remove(consumer.id, performance.now()));
  }

  /** An event has left for its client. */
  sent(consumer: Consumer): void {
    const member = this.#state.members.get(consumer.id);
    if (member === undefined) return;
    member.unsent -= 1;
    if (member.unsent === 0) this.wake();
  }

  ack(ids: readonly string[]): void {
    this.#act(() => this.#state.ack(ids, performance.now()));
  }

  nack(ids: readonly string[], action: NackAction, reason: string): void {
    this.#act(() => this.#park(this.#state.nack(ids, action, reason, performance.now())));
  }

  /** Parked events before a revision of the parked stream go out again; all of them without one. */
  replayParked(stopAt: bigint | undefined): void {
    this.#replay.start(stopAt);
    this.wake();
  }

  /** Once a second. */
  tick(): void {
    this.#act(() => {
      this.#park(this.#state.expire(performance.now()));
      const again = [...this.#unwritten];
      this.#unwritten.clear();
      this.#park(again);
      this.#writeCheckpoint(true);
    });
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

  /** When it is closed, in the work of a transaction. */
  deleteStreams(): void {
    this.#checkpoints.delete();
    this.#parked.delete();
  }

  info(): SentInfo {
    const { first, end } = this.#parked.bounds;
    const oldest = this.#replay.next > first ? this.#replay.next : first;
    return this.#measures.take(this.definition, {
      isLive: this.#cursor.isLive,
      isReplaying: this.#replay.isRunning,
      lastCheckpoint: this.#lastCheckpoint,
      lastKnown: this.#cursor.lastKnown,
      liveEvents: this.#cursor.liveEvents,
      parked: end > oldest ? end - oldest : 0n,
      state: this.#state,
      consumers: [...this.#consumers.values()],
    });
  }

  /** Changes something, and lets go out what there is room for by then. Nothing happens to a group that is closed. */
  #act(change: () => void): void {
    if (this.#isClosed) return;
    this.#guard(() => {
      change();
      this.#deliver();
    });
    this.wake();
  }

  #turn(): void {
    const isReplayed = this.#replay.advance();
    if (this.#cursor.isBroken) this.#fault();
    const isMore = !this.#isFaulted && this.#cursor.readOn();
    this.#deliver();
    if (isMore || isReplayed) this.wake();
  }

  #deliver(): void {
    for (const { member, item } of this.#state.deliver(performance.now())) {
      this.#measures.countDelivered();
      this.#consumers.get(member.id)!.push(item);
    }
    this.#writeCheckpoint(false);
    this.#replay.markSettled();
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
      this.#act(() => this.#state.parked(item));
    } catch (cause) {
      // Until it is on disk the checkpoint stays before it; the next tick tries again.
      this.#unwritten.add(parking);
      report(cause);
    }
  }

  #writeCheckpoint(isTick: boolean): void {
    const due = this.#isCheckpointWriting ? null : this.#state.checkpointDue(performance.now(), isTick);
    if (due !== null) void this.#checkpoint(due);
  }

  async #checkpoint(due: Checkpoint): Promise<void> {
    this.#isCheckpointWriting = true;
    try {
      await this.#checkpoints.write(due.place);
      this.#state.checkpointed(due, performance.now());
      this.#lastCheckpoint = due.place;
    } catch (cause) {
      // The next tick tries again.
      report(cause);
    }
    this.#isCheckpointWriting = false;
  }

  /** What it reads can't be read: nobody can be served. */
  #fault(): void {
    this.#isFaulted = true;
    for (const consumer of this.#consumers.values()) this.#drop(consumer);
  }

  #drop(consumer: Consumer): void {
    this.#consumers.delete(consumer.id);
    this.#state.remove(consumer.id, performance.now());
    consumer.drop(this.#failure);
  }

  #guard(work: () => void): void {
    try {
      work();
    } catch (cause) {
      if (cause instanceof PatternTooSlow) this.#failure = `The filter can't be evaluated: ${cause.message}`;
      // Not tried again, so that the group takes no more time from the others.
      report(this.#failure === null ? cause : `${keyOf(this.definition)} stands still: ${this.#failure}`);
      this.#fault();
    }
  }
}
