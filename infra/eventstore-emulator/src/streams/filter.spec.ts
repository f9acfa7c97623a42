import { describe, expect, it } from 'vitest';
import { type FilterExpression, PatternTooSlow, createFilter, createPageFilter } from './filter.ts';

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

  it('answers for each event of a page, however many there were before', () => {
    const filter = createPageFilter({ on: 'stream', regex: '[02468]$', prefixes: [] });
    for (let page = 0; page < 30; page++) {
      const events = Array.from({ length: 100 }, (_, n) => ({ stream: `order-${page * 50 + n}`, type: 'OrderPlaced' }));
      expect(filter(events)).toEqual(events.map((_, n) => n % 2 === 0));
    }
  });

  it.each(['^(a+)+$', '^(?!x)(a|aa)+$', '(a*)*b$'])('gives up on a pattern that would take for ever: %s', (regex) => {
    const filter = createPageFilter({ on: 'type', regex, prefixes: [] });
    const startedAt = performance.now();
    expect(() => filter([event, { stream: 'x', type: `${'a'.repeat(100)}!` }])).toThrow(PatternTooSlow);
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    expect(filter([event])).toEqual([false]);
  });

  it('refuses what is no pattern', () => {
    expect(() => createFilter({ on: 'stream', regex: '(', prefixes: [] })).toThrow(SyntaxError);
  });
});
