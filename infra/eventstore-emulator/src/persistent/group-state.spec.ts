import { beforeEach, describe, expect, it } from 'vitest';
import type { GroupSettings } from './definition.ts';
import { GroupState } from './group-state.ts';
import { Member, type Parking } from './items.ts';

const SETTINGS: GroupSettings = {
  resolveLinks: false,
  extraStatistics: false,
  startFrom: 0n,
  messageTimeoutMs: 30_000,
  maxRetryCount: 10,
  checkpointAfterMs: 2000,
  minCheckpointCount: 10,
  maxCheckpointCount: 1000,
  maxSubscriberCount: 0,
  liveBufferSize: 500,
  readBatchSize: 20,
  historyBufferSize: 500,
  strategy: 'RoundRobin',
};

let state: GroupState;

beforeEach(() => {
  state = stateWith({});
});

function stateWith(changes: Partial<GroupSettings>, checkpoint: bigint | null = null): GroupState {
  return new GroupState({ ...SETTINGS, ...changes }, checkpoint);
}

const event = (place: number, id = `e${place}`) => ({ id, stream: 's', revision: BigInt(place), place: BigInt(place), pin: '' });
const offer = (...places: number[]): void => places.forEach((place) => state.offer(event(place)));
const connect = (id: string, slots = 10): void => state.add(new Member(id, slots));
const deliver = (nowMs = 0): string[] =>
  state.deliver(nowMs).map(({ member, item }) => `${item.id}→${member.id}${item.retryCount === 0 ? '' : ` (${item.retryCount})`}`);
const parkings = (made: readonly Parking[]): string[] => made.map(({ item, reason }) => `${item.id}: ${reason}`);
const due = (nowMs = 0, isTick = true): bigint | undefined => state.checkpointDue(nowMs, isTick)?.place;
const ack = (...ids: string[]): void => state.ack(ids, 0);

describe('Delivery', () => {
  it('waits for clients and for room', () => {
    offer(0, 1, 2);
    expect(deliver()).toEqual([]);
    connect('a', 2);
    expect(deliver()).toEqual(['e0→a', 'e1→a']);
    ack('e0');
    expect(deliver()).toEqual(['e2→a']);
  });

  it('tries again before it gives what is new, in the order of the log', () => {
    connect('a', 2);
    offer(0, 1, 2, 3);
    deliver();
    state.nack(['e1', 'e0'], 'retry', '', 0);
    expect(deliver()).toEqual(['e0→a (1)', 'e1→a (1)']);
  });

  it('gives what one client had to the others when it leaves', () => {
    connect('a');
    offer(0, 1);
    deliver();
    connect('b');
    state.remove('a', 0);
    expect(deliver()).toEqual(['e0→b (1)', 'e1→b (1)']);
    state.remove('unknown', 0);
  });

  it('has an event wait while another of the same id is in flight', () => {
    connect('a');
    state.offer(event(0, 'twin'));
    state.offer(event(1, 'twin'));
    expect(deliver()).toEqual(['twin→a']);
    ack('twin');
    expect(deliver()).toEqual(['twin→a']);
  });

  it('writes no more to a client that does not read', () => {
    connect('a', 1_000_000);
    offer(...Array.from({ length: 150 }, (_, n) => n));
    expect(deliver()).toHaveLength(100);
    state.members.get('a')!.unsent = 0;
    expect(deliver()).toHaveLength(50);
  });
});

describe('An event', () => {
  beforeEach(() => {
    connect('a');
  });

  it('that takes too long is tried again, and parked when it was often enough', () => {
    state = stateWith({ messageTimeoutMs: 100, maxRetryCount: 1 });
    connect('a');
    offer(0, 1);
    deliver(0);
    ack('e1');
    expect(state.expire(99)).toEqual([]);
    expect(deliver(99)).toEqual([]);
    expect(state.expire(100)).toEqual([]);
    expect(deliver(100)).toEqual(['e0→a (1)']);
    expect(parkings(state.expire(200))).toEqual(['e0: Reached retry count of 1']);
    expect(state.outstanding).toBe(1);
  });

  it('that was taken back is not settled by a late ack', () => {
    state = stateWith({ messageTimeoutMs: 0 });
    connect('a');
    offer(0);
    deliver(0);
    state.expire(0);
    ack('e0');
    expect(deliver()).toEqual(['e0→a (1)']);
  });

  it('that a client parks says why', () => {
    offer(0);
    deliver();
    expect(parkings(state.nack(['e0'], 'park', 'bad', 0))).toEqual(["e0: Client explicitly NAK'ed message.\nbad"]);
    expect(state.nack(['e0'], 'park', 'bad', 0)).toEqual([]);
  });
});

describe('The checkpoint', () => {
  beforeEach(() => {
    state = stateWith({ minCheckpointCount: 1 });
    connect('a');
  });

  it('is nothing before the first event is settled', () => {
    expect(due()).toBeUndefined();
    offer(5, 6);
    deliver();
    expect(due()).toBeUndefined();
    ack('e5');
    expect(due()).toBe(5n);
  });

  it('stays before what waits, is in flight, is tried again or parked', () => {
    offer(0, 1, 2, 3);
    deliver();
    ack('e0', 'e2', 'e3');
    expect(due()).toBe(0n);
    state.nack(['e1'], 'retry', '', 0);
    expect(due()).toBe(0n);
    deliver();
    const [parking] = state.nack(['e1'], 'park', '', 0);
    expect(due()).toBe(0n);
    state.parked(parking!.item);
    expect(due()).toBe(3n);
    offer(4);
    expect(due()).toBe(3n);
  });

  it('passes what the group does not want, but nothing that waits before it', () => {
    state.skip(3n);
    expect(due()).toBe(3n);
    offer(4);
    state.skip(9n);
    expect(due()).toBe(3n);
    deliver();
    ack('e4');
    expect(due()).toBe(9n);
  });

  it('is not moved by parked events that are replayed', () => {
    offer(0);
    deliver();
    ack('e0');
    state.replay({ id: 'link', stream: 'parked', revision: 7n, place: null, pin: '' });
    expect(due()).toBe(0n);
    expect([deliver(), state.oldestReplayed]).toEqual([['link→a'], 7n]);
    expect(due()).toBe(0n);
    ack('link');
    expect([due(), state.oldestReplayed]).toEqual([0n, undefined]);
  });

  it('goes on from the one of an earlier life', () => {
    state = stateWith({ minCheckpointCount: 1 }, 41n);
    connect('a');
    expect(due()).toBeUndefined();
    offer(42, 43);
    deliver();
    ack('e43');
    expect(due()).toBeUndefined();
    ack('e42');
    expect(due()).toBe(43n);
  });

  it('is written after so many events at once, and after so much time from fewer on', () => {
    state = stateWith({ minCheckpointCount: 2, maxCheckpointCount: 4, checkpointAfterMs: 100 });
    connect('a', 100);
    const settle = (...places: number[]): void => {
      offer(...places);
      deliver();
      ack(...places.map((place) => `e${place}`));
    };
    settle(0);
    expect([due(0), due(0, false)]).toEqual([undefined, undefined]);
    settle(1);
    expect([due(0), due(0, false)]).toEqual([1n, undefined]);
    state.checkpointed(state.checkpointDue(0, true)!, 0);
    settle(2, 3, 4);
    expect([due(99), due(100), due(100, false)]).toEqual([undefined, 4n, undefined]);
    settle(5);
    expect(due(0, false)).toBe(5n);
  });

  it('is never written by time when there is none', () => {
    state = stateWith({ minCheckpointCount: 1, checkpointAfterMs: 0 });
    connect('a');
    offer(0);
    deliver();
    ack('e0');
    expect(due(1e9)).toBeUndefined();
  });
});

describe('How long events took', () => {
  it('is kept when the group measures it', () => {
    state = stateWith({ extraStatistics: true });
    connect('a');
    offer(0, 1);
    deliver(5);
    state.ack(['e0'], 12);
    state.nack(['e1'], 'skip', '', 15);
    expect(state.members.get('a')!.timingsMs).toEqual([7, 10]);
  });
});
