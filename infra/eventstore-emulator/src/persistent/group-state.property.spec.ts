import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { STRATEGIES, type StrategyName } from './definition.ts';
import { GroupState } from './group-state.ts';
import { Member, type NackAction, type Parking } from './items.ts';

const EVENTS = 20;
const TIMEOUT_MS = 50;

type Step =
  | { readonly kind: 'read' | 'skip' | 'connect' | 'disconnect' | 'ack' | 'write' | 'tick' | 'checkpoint'; readonly n: number }
  | { readonly kind: 'nack'; readonly n: number; readonly action: NackAction };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('read' as const), n: fc.nat(4) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('ack' as const), n: fc.nat(1000) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('nack' as const),
      n: fc.nat(1000),
      action: fc.constantFrom<NackAction[]>('unknown', 'park', 'retry', 'skip', 'stop'),
    }),
  },
  fc.record({ kind: fc.constantFrom('skip', 'connect', 'disconnect', 'write', 'tick', 'checkpoint'), n: fc.nat(1000) }),
);

/** A group under test, with all that a checker must remember of it. */
class Model {
  readonly state: GroupState;
  readonly deliveredTo = new Map<string, string>();
  readonly delivered = new Set<bigint>();
  readonly settled = new Set<bigint>();
  readonly unwritten: Parking[] = [];
  nowMs = 0;
  next = 0n;
  #clients = 0;

  constructor(strategy: StrategyName) {
    this.state = new GroupState(
      {
        resolveLinks: false,
        extraStatistics: true,
        startFrom: 0n,
        messageTimeoutMs: TIMEOUT_MS,
        maxRetryCount: 2,
        checkpointAfterMs: 10,
        minCheckpointCount: 1,
        maxCheckpointCount: 3,
        maxSubscriberCount: 0,
        liveBufferSize: 5,
        readBatchSize: 2,
        historyBufferSize: 10,
        strategy,
      },
      null,
    );
  }

  do(step: Step): void {
    this.nowMs += 7;
    switch (step.kind) {
      case 'read':
        for (let n = 0; n <= step.n && this.next < EVENTS; n++) this.#read();
        break;
      case 'skip':
        if (this.next < EVENTS) this.state.skip(this.#take());
        break;
      case 'connect':
        this.state.add(new Member(`client${this.#clients++}`, 1 + (step.n % 3)));
        break;
      case 'disconnect':
        this.#disconnect(step.n);
        break;
      case 'ack':
        this.#settle(step.n, (id) => this.state.ack([id], this.nowMs));
        break;
      case 'nack':
        this.#nack(step.n, step.action);
        break;
      case 'write':
        this.write(step.n);
        break;
      case 'tick':
        this.nowMs += step.n % (2 * TIMEOUT_MS);
        this.expire();
        break;
      case 'checkpoint':
        this.checkpoint(step.n % 2 === 0);
        break;
    }
    this.deliver();
  }

  deliver(): void {
    for (const { member, item } of this.state.deliver(this.nowMs)) {
      expect(this.deliveredTo.has(item.id), 'in flight twice').toBe(false);
      expect(this.settled.has(item.revision), 'delivered after it was settled').toBe(false);
      expect(member.inFlight.size).toBeLessThanOrEqual(member.slots);
      member.unsent = 0;
      this.deliveredTo.set(item.id, member.id);
      this.delivered.add(item.revision);
    }
  }

  expire(): void {
    const parkings = this.state.expire(this.nowMs);
    this.unwritten.push(...parkings);
    this.#forgetReleased();
  }

  /** One of the parked ones reaches the disk. */
  write(n: number): void {
    const [parking] = this.unwritten.splice(n % Math.max(1, this.unwritten.length), 1);
    if (parking === undefined) return;
    this.state.parked(parking.item);
    this.settled.add(parking.item.revision);
  }

  checkpoint(isTick: boolean): void {
    const due = this.state.checkpointDue(this.nowMs, isTick);
    if (due === null) return;
    for (let place = 0n; place <= due.place; place++) expect(this.settled.has(place), `checkpoint ${due.place} passes ${place}`).toBe(true);
    this.state.checkpointed(due, this.nowMs);
  }

  #read(): void {
    const place = this.#take(false);
    this.state.offer({ id: `e${place}`, stream: 's', revision: place, place, pin: String(place % 5n) });
  }

  /** The next event of the log; one that is skipped is settled at once. */
  #take(isSkipped = true): bigint {
    const place = this.next;
    this.next += 1n;
    if (isSkipped) {
      this.settled.add(place);
      this.delivered.add(place);
    }
    return place;
  }

  #disconnect(n: number): void {
    const id = [...this.state.members.keys()][n % Math.max(1, this.state.members.size)];
    if (id === undefined) return;
    this.state.remove(id, this.nowMs);
    this.#forgetReleased();
  }

  #nack(n: number, action: NackAction): void {
    if (action === 'skip' || action === 'stop') {
      this.#settle(n, (id) => this.state.nack([id], action, '', this.nowMs));
      return;
    }
    const id = this.#anyInFlight(n);
    if (id === undefined) return;
    this.unwritten.push(...this.state.nack([id], action, '', this.nowMs));
    this.#forgetReleased();
  }

  #settle(n: number, settle: (id: string) => void): void {
    const id = this.#anyInFlight(n);
    if (id === undefined) return;
    settle(id);
    this.deliveredTo.delete(id);
    this.settled.add(BigInt(id.slice(1)));
  }

  #anyInFlight(n: number): string | undefined {
    return [...this.deliveredTo.keys()][n % Math.max(1, this.deliveredTo.size)];
  }

  #forgetReleased(): void {
    const inFlight = new Set([...this.state.members.values()].flatMap((member) => [...member.inFlight]));
    for (const id of this.deliveredTo.keys()) if (!inFlight.has(id)) this.deliveredTo.delete(id);
  }
}

describe('Whatever clients do', () => {
  it.each(STRATEGIES)('every event is delivered, and no checkpoint passes one that is not settled (%s)', (strategy) => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const model = new Model(strategy);
        for (const each of steps) model.do(each);
        // In the end everybody does what is expected of them.
        for (let n = 0; n <= EVENTS; n++) model.do({ kind: 'read', n: 0 });
        model.do({ kind: 'connect', n: 2 });
        for (let round = 0; model.settled.size < EVENTS && round < 20 * EVENTS; round++) {
          model.do({ kind: 'ack', n: 0 });
          model.do({ kind: 'write', n: 0 });
          model.do({ kind: 'tick', n: 0 });
          model.checkpoint(false);
        }
        expect(model.settled.size).toBe(EVENTS);
        expect(model.delivered.size).toBe(EVENTS);
        expect([model.state.buffered, model.state.retrying, model.state.outstanding]).toEqual([0, 0, 0]);
        model.nowMs += 1000;
        model.checkpoint(true);
        expect(model.state.checkpointDue(model.nowMs + 1000, true)).toBeNull();
      }),
      { numRuns: 100 },
    );
  });
});
