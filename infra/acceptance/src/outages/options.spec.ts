import { describe, expect, it } from 'vitest';
import { parseOptions } from './options.ts';

describe('The options of outages', () => {
  it('have a rate that suits what is run', () => {
    expect(parseOptions(['odd-answers'])).toEqual({ name: 'odd-answers', minutes: 10, rate: 5, only: '' });
    expect(parseOptions(['endurance', '--minutes', '2'])).toEqual({ name: 'endurance', minutes: 2, rate: 10, only: '' });
  });

  it.each([
    [[], 'No name: there is odd-answers, stalls, endurance'],
    [['storms'], 'storms: there is odd-answers, stalls, endurance'],
    [['stalls', '--rate', '0'], '--rate 0: must be a whole number from 1 up'],
    [['stalls', '--loud'], "Unknown option '--loud'"],
  ])('%j are refused by name', (args, message) => {
    expect(() => parseOptions(args)).toThrow(message);
  });
});
