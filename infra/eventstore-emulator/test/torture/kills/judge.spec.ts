import { describe, expect, it } from 'vitest';
import { Violations } from '../torture.ts';
import type { Attempt, Place, Stored } from './attempt.ts';
import { Judge } from './judge.ts';

const proposal = (id: string) => ({ id, type: 'Happened', data: `of ${id}` });
const attempt = (over: Partial<Attempt> = {}): Attempt => ({
  stream: 's',
  expected: 'no_stream',
  events: [proposal('a'), proposal('b')],
  acknowledged: { revision: 1n, position: 20n },
  isAbandoned: false,
  ...over,
});
const stored = (id: string, place: Place, over: Partial<Stored> = {}): Stored => ({ ...proposal(id), stream: 's', ...place, ...over });
const A = stored('a', { revision: 0n, position: 10n });
const B = stored('b', { revision: 1n, position: 20n });

function judged(attempts: readonly Attempt[], all: readonly Stored[]): string[] {
  const violations = new Violations();
  const judge = new Judge(violations);
  for (const each of attempts) judge.expect(each);
  judge.take(all);
  judge.settle(attempts);
  return violations.all;
}

describe('The judge of kills', () => {
  it.each<[string, Attempt, readonly Stored[]]>([
    ['what was acknowledged and is there', attempt(), [A, B]],
    ['what was not acknowledged and is there', attempt({ acknowledged: null }), [A, B]],
    ['what was not acknowledged and is not there', attempt({ acknowledged: null }), []],
  ])('lets pass %s', (_title, each, all) => {
    expect(judged([each], all)).toEqual([]);
  });

  it.each<[string, string, Attempt, readonly Stored[]]>([
    ['that is lost', 'lost: 2', attempt(), []],
    ['of which a part is lost', 'lost: 1', attempt(), [A]],
    ['that is torn', 'torn: 1', attempt({ acknowledged: null }), [A]],
    ['that is there twice', 'twice: a', attempt(), [A, B, stored('a', { revision: 2n, position: 30n })]],
    ['that left a gap', 'not contiguous: 2 instead of 1', attempt({ acknowledged: null }), [A, { ...B, revision: 2n }]],
    ['with other data', 'changed', attempt(), [A, { ...B, data: 'else' }]],
    ['at another position than was said', 'moved: 1, 21', attempt(), [A, { ...B, position: 21n }]],
    ['at another revision than it expected', 'misplaced: 0', attempt({ expected: 4n }), [A, B]],
    ['that nobody wrote', 'nobody has written c', attempt(), [A, B, stored('c', { revision: 2n, position: 30n })]],
    ['that goes back in $all', 'does not grow', attempt({ acknowledged: null }), [A, { ...B, position: 9n }]],
  ])('sees an append %s', (_title, violation, each, all) => {
    expect(judged([each], all)).toEqual(expect.arrayContaining([expect.stringContaining(violation)]));
  });

  it('sees an append that was given up and came later', () => {
    const violations = new Violations();
    const judge = new Judge(violations);
    const given = attempt({ acknowledged: null, isAbandoned: true });
    judge.expect(given);
    judge.settle([given]);
    expect(violations.all).toEqual([]);
    judge.take([A]);
    expect(violations.all).toEqual([expect.stringContaining('written after all: a')]);
  });

  it('sees a subscriber that missed an event, and a stream that differs from $all', () => {
    const violations = new Violations();
    const judge = new Judge(violations);
    judge.expect(attempt());
    judge.take([A, B]);
    judge.compareSeen('someone', ['a']);
    judge.compareStream('s', [A, B]);
    expect(violations.all).toEqual([]);
    judge.compareSeen('someone', ['b']);
    judge.compareStream('s', [A]);
    expect(violations.all).toEqual([expect.stringContaining('someone saw b as number 0'), expect.stringContaining('s is read alone')]);
  });
});
