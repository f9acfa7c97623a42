import { describe, expect, it } from 'vitest';
import type { BatchRecord, DeliveredEvent, EventBatch } from './batch.ts';
import { DependencyUnavailable, RetryableFault } from './delivery-policy.ts';
import { BEHIND_A_PARKED_EVENT, type ParkedRecord, type Parking } from './parking.ts';
import { react } from './react.ts';

const record = (stream: string, offset: number, undecodable?: string): BatchRecord => {
  const raw = { stream, offset: BigInt(offset), value: Buffer.from('x'), headers: {} };
  const decoded: DeliveredEvent = {
    id: `${stream}/${offset}`, event: { type: 'Happened', data: {} }, stream, revision: offset,
    recordedAt: '2026-01-01T00:00:00.000Z', correlationId: 'flow', causationId: 'cause',
  };
  return undecodable === undefined ? { ...raw, decoded } : { ...raw, undecodable };
};
const batch = (...records: BatchRecord[]): EventBatch => ({ group: 'g', topic: 't', partition: 0, records, nextOffset: 99n });

class ParkingInMemory implements Parking {
  readonly parked: ParkedRecord[] = [];
  async parkedStreams(_: unknown, streams: readonly string[]): Promise<Set<string>> {
    return new Set(this.parked.map(({ record: { stream } }) => stream).filter((stream) => streams.includes(stream)));
  }
  async park(_: unknown, records: readonly ParkedRecord[]): Promise<void> {
    this.parked.push(...records);
  }
  get story(): string[] {
    return this.parked.map(({ record: { stream, offset }, cause }) => `${stream}/${offset}: ${cause}`);
  }
}

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

  it('never sees what cannot be decoded, nor what comes behind it, also in a later batch', async () => {
    const parking = new ParkingInMemory();
    const { handle, done } = reactor('');
    await react(batch(record('a', 0, 'no magic byte'), record('b', 1), record('a', 2)), parking, handle);
    await react(batch(record('a', 3), record('b', 4)), parking, handle);
    expect([...done]).toEqual(['b/1', 'b/4']);
    expect(parking.story).toEqual(['a/0: no magic byte', `a/2: ${BEHIND_A_PARKED_EVENT}`, `a/3: ${BEHIND_A_PARKED_EVENT}`]);
  });

  it.each([
    ['a component that does not answer', new DependencyUnavailable('eventstore', 'refused')],
    ['a lost race', new RetryableFault('stale')],
  ])('parks nothing on account of %s: the fault goes to the transport', async (_, fault) => {
    const parking = new ParkingInMemory();
    await expect(react(batch(record('a', 0)), parking, () => Promise.reject(fault))).rejects.toBe(fault);
    expect(parking.parked).toEqual([]);
  });

  it('is not finished while the parking table does not answer', async () => {
    const parking = new ParkingInMemory();
    parking.park = () => Promise.reject(new DependencyUnavailable('postgres', 'refused'));
    await expect(react(batch(record('a', 0, 'truncated')), parking, async () => {})).rejects.toThrow('postgres');
  });
});
