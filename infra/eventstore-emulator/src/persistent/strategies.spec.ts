import { beforeEach, describe, expect, it } from 'vitest';
import { type StrategyName } from './definition.ts';
import { strategyOf } from './strategies.ts';
import type { Choice, Strategy } from './strategy.ts';

class Client {
  readonly id: string;
  room: number;

  constructor(id: string, room = 100) {
    this.id = id;
    this.room = room;
  }

  hasRoom(): boolean {
    return this.room > 0;
  }
}

let a: Client;
let b: Client;
let c: Client;

beforeEach(() => {
  a = new Client('a');
  b = new Client('b');
  c = new Client('c');
});

function strategyWith(name: StrategyName, ...clients: Client[]): Strategy<Client> {
  const strategy = strategyOf<Client>(name);
  clients.forEach((client) => strategy.add(client));
  return strategy;
}

/** Gives so many events, each with a pin, and says who got them. */
function give(strategy: Strategy<Client>, ...pins: string[]): string[] {
  return pins.map((pin) => {
    const choice: Choice<Client> = strategy.choose(pin);
    if (typeof choice === 'string') return choice;
    choice.room -= 1;
    return choice.id;
  });
}

const NO_PINS = ['', '', '', '', ''];
const PINS = Array.from({ length: 200 }, (_, n) => `order-${n}`);

describe('RoundRobin', () => {
  it('goes from one client to the next', () => {
    expect(give(strategyWith('RoundRobin', a, b, c), ...NO_PINS)).toEqual(['a', 'b', 'c', 'a', 'b']);
  });

  it('passes over a client without room, and is full when none has any', () => {
    a.room = 1;
    b.room = 3;
    expect(give(strategyWith('RoundRobin', a, b), ...NO_PINS)).toEqual(['a', 'b', 'b', 'b', 'full']);
  });

  it('is full without clients, and forgets who leaves', () => {
    const strategy = strategyWith('RoundRobin', a, b);
    strategy.remove(a);
    expect(give(strategy, '', '')).toEqual(['b', 'b']);
    strategy.remove(b);
    expect(give(strategy, '')).toEqual(['full']);
  });
});

describe('DispatchToSingle', () => {
  it('stays with a client until that one is full', () => {
    a.room = 2;
    b.room = 2;
    const strategy = strategyWith('DispatchToSingle', a, b);
    expect(give(strategy, ...NO_PINS)).toEqual(['a', 'a', 'b', 'b', 'full']);
    a.room = 1;
    expect(give(strategy, '')).toEqual(['a']);
  });
});

describe.each(['Pinned', 'PinnedByCorrelation'] as const)('%s', (name) => {
  it('gives what has one pin to one client', () => {
    a.room = b.room = 1000;
    const strategy = strategyWith(name, a, b);
    const first = give(strategy, ...PINS);
    expect(give(strategy, ...PINS)).toEqual(first);
    expect(new Set(first)).toEqual(new Set(['a', 'b']));
  });

  it('has an event wait for its client, and goes on with others', () => {
    a.room = b.room = 1000;
    const strategy = strategyWith(name, a, b);
    const owners = new Map(PINS.map((pin, index) => [give(strategy, pin)[0]!, PINS[index]!]));
    a.room = 0;
    expect(give(strategy, owners.get('a')!, owners.get('b')!)).toEqual(['skip', 'b']);
    b.room = 0;
    expect(give(strategy, owners.get('b')!)).toEqual(['full']);
  });

  it('moves no more than a share to a new client, and everything of one that leaves', () => {
    a.room = b.room = c.room = 1000;
    const strategy = strategyWith(name, a, b);
    const before = give(strategy, ...PINS);
    strategy.add(c);
    const after = give(strategy, ...PINS);
    const moved = after.filter((id, index) => id !== before[index]);
    expect(new Set(moved)).toEqual(new Set(['c']));
    expect(moved.length).toBeLessThan(PINS.length / 2);
    strategy.remove(c);
    expect(new Set(give(strategy, ...PINS))).toEqual(new Set(['a', 'b']));
  });
});
