import { afterEach, describe, expect, it } from 'vitest';
import type { BatchRecord, DeliveredEvent, EventBatch } from './batch.ts';
import { ConsumerHeld, DependencyUnavailable, RetryableFault } from './delivery-policy.ts';
import { BEHIND_A_PARKED_EVENT, parkedChannel } from './parking.ts';
import { react } from './react.ts';
import { delivered } from './testing/batches.ts';
import { ParkingInMemory } from './testing/parking-in-memory.ts';

const record = (stream: string, offset: number, undecodable?: string): BatchRecord => {
  const raw = { stream, offset: BigInt(offset), value: Buffer.from('x'), headers: {} };
  const decoded = delivered({ type: 'Happened', data: {} }, { id: `${stream}/${offset}`, stream, revision: offset });
  return undecodable === undefined ? { ...raw, decoded } : { ...raw, undecodable };
};
const strange = (stream: string, offset: number): BatchRecord => ({
  stream,
  offset: BigInt(offset),
  value: Buffer.from('x'),
  headers: {},
  passedOver: { type: 'Praised', stream, revision: offset },
});
const batch = (...records: BatchRecord[]): EventBatch => ({
  group: 'g',
  topic: 't',
  partition: 0,
  records,
  fromOffset: 0n,
  nextOffset: 99n,
});

/** Reacts to everything but the poisoned, which fails each time. */
function reactor(poisoned: string): { done: Set<string>; calls: number[]; handle: (events: readonly DeliveredEvent[]) => Promise<void> } {
  const done = new Set<string>();
  const calls: number[] = [];
  return {
    done,
    calls,
    handle: async (events) => {
      calls.push(events.length);
      for (const { id } of events) {
        if (id === poisoned) throw new Error(`can't react to ${id}`);
        done.add(id);
      }
    },
  };
}

describe('A reactor', () => {
  it('gets the whole batch in one call', async () => {
    const { handle, calls } = reactor('');
    await react(batch(record('a', 0), record('b', 1)), new ParkingInMemory(), handle);
    expect(calls).toEqual([2]);
  });

  it('that fails on one event parks it and what is behind it in its stream, and nothing else', async () => {
    const parking = new ParkingInMemory();
    const { handle, done } = reactor('a/1');
    await react(batch(record('a', 0), record('a', 1), record('b', 2), record('a', 3), record('c', 4)), parking, handle);
    expect([...done]).toEqual(expect.arrayContaining(['a/0', 'b/2', 'c/4']));
    expect(done).not.toContain('a/3');
    expect(parking.story).toEqual(["a/1: can't react to a/1", `a/3: ${BEHIND_A_PARKED_EVENT}`]);
  });

  it('finishes all other streams before a fault of one stream makes the batch wait', async () => {
    const parking = new ParkingInMemory();
    const done = new Set<string>();
    const newer = Object.assign(new Error('a/1 is newer'), { dependency: 'a newer release', isOfOneStream: true });
    const handle = async (events: readonly DeliveredEvent[]): Promise<void> => {
      for (const { id, stream } of events) {
        if (stream === 'a') throw newer;
        if (id === 'c/3') throw new Error('poisoned');
        done.add(id);
      }
    };
    const all = batch(record('a', 0), record('b', 1), record('a', 2), record('c', 3), record('d', 4));
    await expect(react(all, parking, handle)).rejects.toBe(newer);
    expect([...done]).toEqual(['b/1', 'd/4']);
    expect(parking.story).toEqual(['c/3: poisoned']);
  });

  it('never sees what only other releases know, which is not parked either, also behind what is', async () => {
    const parking = new ParkingInMemory();
    const { handle, done } = reactor('b/2');
    await react(batch(strange('a', 0), record('a', 1), record('b', 2), strange('b', 3), record('b', 4)), parking, handle);
    await react(batch(strange('c', 5)), parking, handle);
    expect([...done]).toEqual(['a/1']);
    expect(parking.story).toEqual(["b/2: can't react to b/2", `b/4: ${BEHIND_A_PARKED_EVENT}`]);
  });

  it('never sees what cannot be decoded, nor what comes behind it, also in a later batch', async () => {
    const parking = new ParkingInMemory();
    const { handle, done } = reactor('');
    await react(batch(record('a', 0, 'no magic byte'), record('b', 1), record('a', 2)), parking, handle);
    await react(batch(record('a', 3), record('b', 4)), parking, handle);
    expect([...done]).toEqual(['b/1', 'b/4']);
    expect(parking.story).toEqual(['a/0: no magic byte', `a/2: ${BEHIND_A_PARKED_EVENT}`, `a/3: ${BEHIND_A_PARKED_EVENT}`]);
  });

  it('gets what stands before a parked event of its stream again when the batch is delivered again', async () => {
    const parking = new ParkingInMemory();
    const records = [record('a', 0), record('a', 1, 'no magic byte'), record('b', 2), record('a', 3)];
    const outage = new DependencyUnavailable('eventstore', 'refused');
    await expect(react(batch(records[1]!), parking, async () => {})).resolves.toBeUndefined();
    await expect(react(batch(...records), parking, () => Promise.reject(outage))).rejects.toBe(outage);
    const { handle, done } = reactor('');
    await react(batch(...records), parking, handle);
    expect([...done]).toEqual(['a/0', 'b/2']);
    expect(parking.story).toEqual(['a/1: no magic byte', `a/3: ${BEHIND_A_PARKED_EVENT}`]);
  });

  it.each([
    ['a component that does not answer', new DependencyUnavailable('eventstore', 'refused')],
    ['a lost race', new RetryableFault('stale')],
  ])('parks nothing on account of %s: the fault goes to the transport', async (_, fault) => {
    const parking = new ParkingInMemory();
    await expect(react(batch(record('a', 0)), parking, () => Promise.reject(fault))).rejects.toBe(fault);
    expect(parking.story).toEqual([]);
  });

  it('is not finished while the parking table does not answer', async () => {
    const parking = new ParkingInMemory();
    parking.park = () => Promise.reject(new DependencyUnavailable('postgres', 'refused'));
    await expect(react(batch(record('a', 0, 'truncated')), parking, async () => {})).rejects.toThrow('postgres');
  });
});

describe('What a reactor parks', () => {
  const told: unknown[] = [];
  const hear = (message: unknown): void => void told.push(message);
  afterEach(() => {
    parkedChannel.unsubscribe(hear);
  });

  it('is told once, also when the batch is delivered again, and not before it is parked', async () => {
    parkedChannel.subscribe(hear);
    const parking = new ParkingInMemory();
    const park = parking.park.bind(parking);
    parking.park = () => Promise.reject(new DependencyUnavailable('postgres', 'refused'));
    const poisoned = batch(record('a', 0, 'truncated'));
    await expect(react(poisoned, parking, async () => {})).rejects.toThrow('postgres');
    expect(told).toEqual([]);
    parking.park = park;
    for (let delivery = 0; delivery < 3; delivery++) await react(poisoned, parking, async () => {});
    expect(told).toEqual([
      {
        consumer: 'g',
        at: { group: 'g', topic: 't', partition: 0 },
        records: [{ record: record('a', 0, 'truncated'), cause: 'truncated' }],
      },
    ]);
  });
});

describe('A reactor that fails on everything', () => {
  const fails = (events: readonly DeliveredEvent[]): Promise<void> => Promise.reject(new TypeError(`${events[0]!.stream}: x is undefined`));
  const streams = ['a', 'b', 'c', 'd', 'e', 'f'];

  it('parks five streams, and then waits: also in another process, for nothing but the table counts', async () => {
    const parking = new ParkingInMemory();
    for (const [offset, stream] of streams.slice(0, 5).entries()) await react(batch(record(stream, offset)), parking, fails);
    const sixth = batch(record('f', 5), record('a', 6));
    await expect(react(sixth, parking, fails)).rejects.toThrow(ConsumerHeld);
    await expect(react(sixth, parking, fails)).rejects.toThrow(
      /^more than 5 streams fail with the same cause within 100 events.*First a: a: x is undefined/,
    );
    expect(parking.story).toHaveLength(5);
    const { handle, done } = reactor('');
    await react(sixth, parking, handle);
    expect([...done]).toEqual(['f/5']);
  });

  it('parks nothing of a batch in which they are too many, and does not try the rest of it', async () => {
    const parking = new ParkingInMemory();
    let calls = 0;
    const many = batch(...Array.from({ length: 300 }, (_, offset) => record(`order-${offset}`, offset)));
    const failing = react(many, parking, async ([event]) => {
      calls += 1;
      throw new TypeError(`order ${event!.stream} is not there`);
    });
    await expect(failing).rejects.toThrow(ConsumerHeld);
    expect(parking.story).toEqual([]);
    expect(calls).toBe(1 + 2 * 6);
  });

  it('waits also on account of what can not be decoded', async () => {
    const parking = new ParkingInMemory();
    const many = batch(...streams.map((stream, offset) => record(stream, offset, `schema ${offset} is not Avro`)));
    await expect(react(many, parking, async () => {})).rejects.toThrow(ConsumerHeld);
    expect(parking.story).toEqual([]);
  });

  it.each<[string, BatchRecord[]]>([
    ['one stream', streams.map((_, offset) => record('a', offset, 'x'))],
    ['different causes', streams.map((stream, offset) => record(stream, offset, `cause ${'xyz'.repeat(offset)}`))],
    ['more than a hundred events, with a marker behind each', streams.map((stream, nth) => record(stream, nth * 41, 'x'))],
  ])('goes on parking where it is a matter of %s', async (_, records) => {
    const parking = new ParkingInMemory();
    await react(batch(...records), parking, async () => {});
    expect(parking.story).toHaveLength(6);
  });
});
