import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BatchRecord, DeliveredEvent } from './batch.ts';
import { DependencyUnavailable } from './delivery-policy.ts';
import { BEHIND_A_PARKED_EVENT, type ParkedRecord, type Partition } from './parking.ts';
import { react } from './react.ts';
import { delivered } from './testing/batches.ts';
import { type Delivery, type LoggedEvent, deliveries, logs, outcomeOf, theRest } from './testing/deliveries.ts';
import { ParkingInMemory } from './testing/parking-in-memory.ts';

const outage = new DependencyUnavailable('anything', 'away, or the process died');
const nameOf = ({ stream, offset }: { readonly stream: string; readonly offset: number | bigint }): string => `${stream}/${offset}`;

function recordOf({ stream, offset, soundness }: LoggedEvent): BatchRecord {
  const raw = { stream, offset: BigInt(offset), value: null, headers: {} };
  if (soundness === 'undecodable') return { ...raw, undecodable: 'no magic byte' };
  return { ...raw, decoded: delivered({ type: soundness, data: {} }, { id: `${stream}/${offset}`, stream, revision: offset }) };
}

/** A consumer group's partition: what was reacted to and parked outlives whoever dies in the middle. */
class Group extends ParkingInMemory {
  readonly reacted = new Set<string>();
  readonly #log: readonly LoggedEvent[];
  #committed = 0;
  #calls = 0;
  #delivery: Delivery | null = null;

  constructor(log: readonly LoggedEvent[]) {
    super();
    this.#log = log;
  }

  async take(delivery: Delivery): Promise<void> {
    this.#delivery = delivery;
    this.#calls = 0;
    if (delivery.startsOver) this.#committed = 0;
    const until = Math.min(this.#committed + delivery.next, this.#log.length);
    const records = this.#log.slice(Math.max(0, this.#committed - delivery.again), until).map(recordOf);
    try {
      await react({ group: 'g', topic: 't', partition: 0, records, fromOffset: 0n, nextOffset: 0n }, this, (events) => this.#react(events));
      this.#committed = until;
    } catch (fault) {
      if (fault !== outage) throw fault;
    }
  }

  override firstParked(at: Partition, streams: readonly string[]): Promise<Map<string, bigint>> {
    return this.#outside(() => super.firstParked(at, streams));
  }

  override park(at: Partition, records: readonly ParkedRecord[]): Promise<ParkedRecord[]> {
    return this.#outside(() => super.park(at, records));
  }

  async #react(events: readonly DeliveredEvent[]): Promise<void> {
    for (const event of events) {
      await this.#outside(async () => {
        if (event.event.type === 'refused') throw new Error("can't be reacted to");
        this.reacted.add(event.id);
      });
    }
  }

  async #outside<Result>(call: () => Promise<Result>): Promise<Result> {
    const fails = this.#calls++ === this.#delivery?.failsAtCall;
    if (fails && !this.#delivery!.isDoneAllTheSame) throw outage;
    const result = await call();
    if (fails) throw outage;
    return result;
  }
}

describe('A reactor', () => {
  it('ends with the same reacted and parked, whatever is delivered again and whatever fails in between', async () => {
    await fc.assert(
      fc.asyncProperty(logs, deliveries, async (log, schedule) => {
        const group = new Group(log);
        for (const delivery of schedule) await group.take(delivery);
        await group.take(theRest);
        const { handled, parked } = outcomeOf(log);
        expect([...group.reacted].sort()).toEqual(handled.map(nameOf).sort());
        expect(group.story.map((line) => line.split(':')[0])).toEqual(parked.map(nameOf));
        const own = group.story.filter((line) => !line.endsWith(BEHIND_A_PARKED_EVENT)).map((line) => line.split('/')[0]);
        expect(own.sort()).toEqual([...new Set(parked.map(({ stream }) => stream))].sort());
      }),
      { numRuns: 500 },
    );
  });
});
