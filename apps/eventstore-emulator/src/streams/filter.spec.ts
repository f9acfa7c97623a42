import { describe, expect, it } from 'vitest';
import { type FilterExpression, createFilter } from './filter.ts';

const event = { stream: 'order-1', type: 'OrderPlaced' };

describe('A filter', () => {
  it.each<[string, Partial<FilterExpression>, boolean]>([
    ['takes a stream by one of its prefixes', { prefixes: ['stock-', 'order-'] }, true],
    ['leaves a stream with another prefix', { prefixes: ['stock-'] }, false],
    ['compares with case', { prefixes: ['Order-'] }, false],
    ['without prefixes takes nothing', { prefixes: [] }, false],
    ['takes a type by prefix', { on: 'type', prefixes: ['Order'] }, true],
    ['finds a pattern anywhere', { regex: 'er-' }, true],
    ['finds no pattern with another case', { regex: 'ORDER' }, false],
    ['takes a type by pattern', { on: 'type', regex: '^Order(Placed|Paid)$' }, true],
    ['prefers the pattern to prefixes', { regex: '^x', prefixes: ['order-'] }, false],
    ['understands lookahead, as clients use it to leave out system streams', { regex: '^(?!\\$)' }, true],
    ['understands escapes that need none', { regex: '^order\\-1' }, true],
  ])('%s', (_title, over, isTaken) => {
    expect(createFilter({ on: 'stream', regex: '', prefixes: [], ...over })(event)).toBe(isTaken);
  });

  it('refuses what is no pattern', () => {
    expect(() => createFilter({ on: 'stream', regex: '(', prefixes: [] })).toThrow(SyntaxError);
  });
});
