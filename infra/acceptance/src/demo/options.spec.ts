import { expect, it } from 'vitest';
import { outcomes } from '../shop/outcomes.ts';
import { HELP, parseOptions } from './options.ts';

it('a demo without options places 200 orders, tells of one that was delivered, and stays up', () => {
  expect(parseOptions([])).toEqual({ orders: 200, seed: 1, rate: null, story: 'delivered', keep: false, exit: false });
});

it.each(outcomes)('the story of an order that ended as %s can be asked for, and the help names it', (outcome) => {
  expect(parseOptions(['--story', outcome])).toMatchObject({ story: outcome });
  expect(HELP).toContain(outcome);
});

it('a story of an unknown kind is refused, with the kinds that there are', () => {
  expect(() => parseOptions(['--story', 'lost at sea'])).toThrow(
    `--story lost at sea: no order ends so; there are: ${outcomes.join(', ')}`,
  );
  expect(() => parseOptions(['--story'])).toThrow('--story');
});

it.each([
  [['--orders', '0'], '--orders 0: must be a whole number from 1 up'],
  [['--seed', 'x'], '--seed x'],
  [['--rate', '1.5'], '--rate 1.5'],
  [['--colour'], '--colour'],
])('%j is refused with the option’s name', (args, wrong) => {
  expect(() => parseOptions(args)).toThrow(wrong);
});
