import { pick } from '@orderstream/acceptance/shop/random';
import { type Topic, categoryOf, streams } from '@orderstream/contracts';
import type { StoredEvent } from '@orderstream/event-sourcing';
import {
  type BatchRecord,
  type Consumer,
  ConsumerHeld,
  type DeliveredEvent,
  type EventBatch,
  type ParkedRecord,
  type Parking,
  fateOf,
  messageOf,
} from '@orderstream/messaging';
import type { ServiceName } from '@orderstream/services';
import type { Log } from './log.ts';
import type { PlatformEvent, Rules } from './rules.ts';
import { Life, type Turns } from './turns.ts';

/** A consumer group of one service, with the code of that service. */
export interface ConsumerSpec {
  readonly service: ServiceName;
  readonly consumer: Pick<Consumer, 'kind' | 'name' | 'topics'>;
  /** A reactor's offset is committed after its effect. */
  readonly react?: (life: Life, parking: Parking, batch: EventBatch<PlatformEvent>) => Promise<void>;
  /** Rows of a process table or a read model, written with the position: all of it or nothing. */
  readonly project?: (events: readonly DeliveredEvent<PlatformEvent>[]) => void;
}

export interface ConsumerSurroundings {
  readonly random: () => number;
  readonly turns: Turns;
  readonly log: Log;
  readonly rules: Rules;
  /** Something that must not happen has happened. */
  readonly report: (what: string) => void;
}

const MOST_STREAMS = 4;
const MOST_OF_A_STREAM = 3;

/**
 * One consumer group, one member at a time. Each stream is a queue of its own: its events may come long before or
 * after another stream's, and only within a stream is there an order.
 */
export class SimulatedConsumer {
  readonly spec: ConsumerSpec;
  readonly #with: ConsumerSurroundings;
  /** How many events of each stream are behind the committed position. */
  readonly #positions = new Map<string, number>();
  readonly #waiting = new Set<string>();
  readonly #zombies: Life[] = [];
  #life = new Life();
  #isBusy = false;

  constructor(spec: ConsumerSpec, surroundings: ConsumerSurroundings) {
    this.spec = spec;
    this.#with = surroundings;
    surroundings.log.onAppend((stream, topic) => {
      if (spec.consumer.topics.includes(topic)) this.#waiting.add(stream);
    });
  }

  get name(): string {
    return this.spec.consumer.name;
  }

  get hasWork(): boolean {
    return this.#waiting.size > 0;
  }

  get canStart(): boolean {
    return !this.#isBusy && this.hasWork;
  }

  /** Takes the next batch; how far it gets is a matter of turns. */
  start(): void {
    this.#isBusy = true;
    const life = this.#life;
    void this.#consume(life).finally(() => {
      if (life === this.#life) this.#isBusy = false;
    });
  }

  /** A new member takes over from the committed positions. The old one is dead, or does not know yet that it lost its group. */
  replace({ leavesZombie }: { readonly leavesZombie: boolean }): void {
    if (leavesZombie) this.#zombies.push(this.#life);
    else this.#with.turns.end(this.#life);
    this.#life = new Life();
    this.#isBusy = false;
  }

  /** The members that did not know yet that they had lost their group die after all. */
  endZombies(): void {
    for (const zombie of this.#zombies.splice(0)) this.#with.turns.end(zombie);
  }

  /** A stream's events come again: a reactor must cope with that; positions of projectors never go back. */
  rewind(): void {
    if (this.spec.react === undefined || this.#positions.size === 0) return;
    const stream = pick(this.#with.random, [...this.#positions.keys()]);
    this.#commit(stream, Math.floor(this.#with.random() * (this.#positions.get(stream)! + 1)));
  }

  async #consume(life: Life): Promise<void> {
    const { turns, report } = this.#with;
    const until = new Map<string, number>();
    const since = new Map<string, number>();
    const batch = this.#nextBatch(until, since);
    try {
      if (this.spec.react !== undefined) await this.spec.react(life, this.#parking(), batch);
      await turns.take(life);
      if (!this.#mayCommit(life, since)) return;
      this.spec.project?.(batch.records.flatMap(({ decoded }) => (decoded === undefined ? [] : [decoded])));
      for (const [stream, position] of until) this.#commit(stream, position);
    } catch (fault) {
      if (fateOf(fault) === 'park' || fault instanceof ConsumerHeld) report(`${this.name} failed: ${messageOf(fault)}`);
    }
  }

  /** The group refuses a member that it has replaced; a projector's position refuses a member that is not at it. */
  #mayCommit(life: Life, since: ReadonlyMap<string, number>): boolean {
    if (this.spec.react !== undefined) return life === this.#life;
    if (!this.#with.rules.guardsPositions) return true;
    return [...since].every(([stream, position]) => (this.#positions.get(stream) ?? 0) === position);
  }

  #commit(stream: string, position: number): void {
    this.#positions.set(stream, position);
    if (position < this.#with.log.stream(stream).length) this.#waiting.add(stream);
    else this.#waiting.delete(stream);
  }

  /** Some events of some streams of one topic. */
  #nextBatch(until: Map<string, number>, since: Map<string, number>): EventBatch<PlatformEvent> {
    const { random, log, rules } = this.#with;
    const topicOf = (stream: string): Topic => streams[categoryOf(stream)!].topic;
    const topic = topicOf(pick(random, [...this.#waiting]));
    const candidates = [...this.#waiting].filter((stream) => topicOf(stream) === topic);
    const chosen = new Set(Array.from({ length: 1 + Math.floor(random() * MOST_STREAMS) }, () => pick(random, candidates)));
    const records: BatchRecord<PlatformEvent>[] = [];
    for (const stream of chosen) {
      const from = this.#positions.get(stream) ?? 0;
      const taken = log.stream(stream).slice(from, from + 1 + Math.floor(random() * MOST_OF_A_STREAM));
      since.set(stream, from);
      until.set(stream, from + taken.length);
      for (const stored of taken) {
        const event = stored.event as PlatformEvent;
        const heard = this.spec.consumer.kind === 'projection' ? event : rules.hears(this.spec.service, event);
        if (heard !== null) records.push(recordOf(stored, heard));
      }
    }
    return { group: this.name, topic, partition: 0, records, fromOffset: 0n, nextOffset: 0n };
  }

  #parking(): Parking {
    return {
      firstParked: () => Promise.resolve(new Map()),
      failures: () => Promise.resolve([]),
      park: (_at, records: readonly ParkedRecord[]) => {
        for (const { record, cause } of records) this.#with.report(`${this.name} parked ${record.stream}@${record.offset}: ${cause}`);
        return Promise.resolve(records);
      },
    };
  }
}

function recordOf({ id, stream, revision, recordedAt, metadata }: StoredEvent, event: PlatformEvent): BatchRecord<PlatformEvent> {
  const { $correlationId: correlationId, $causationId: causationId } = metadata;
  return {
    stream,
    offset: BigInt(revision),
    value: null,
    headers: {},
    decoded: { id, event, stream, revision, recordedAt, correlationId, causationId },
  };
}
