import { expect, it } from 'vitest';
import { parseOptions } from './options.ts';

it('the upgrade is from the last revision before this form of consumers, or from another one', () => {
  expect(parseOptions([])).toEqual({ from: 'f2811af', rate: 5 });
  expect(parseOptions(['--from', 'main', '--rate', '2'])).toEqual({ from: 'main', rate: 2 });
});

it.each([
  [['--rate', '0'], '--rate 0'],
  [['--form', 'main'], '--form'],
])('%j are refused', (args, message) => {
  expect(() => parseOptions(args)).toThrow(message);
});
