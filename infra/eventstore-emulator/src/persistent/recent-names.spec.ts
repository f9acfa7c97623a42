import { expect, it } from 'vitest';
import { RecentNames } from './recent-names.ts';

it('Recent names are those that were added last, again or for the first time', () => {
  const recent = new RecentNames(2);
  for (const name of ['a', 'b', 'a', 'c']) recent.add(name);
  expect(['a', 'b', 'c'].map((name) => recent.has(name))).toEqual([true, false, true]);
  recent.delete('a');
  recent.add('d');
  expect(['a', 'c', 'd'].map((name) => recent.has(name))).toEqual([false, true, true]);
  recent.clear();
  expect(recent.has('d')).toBe(false);
});
