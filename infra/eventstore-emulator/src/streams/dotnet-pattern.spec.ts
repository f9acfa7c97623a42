import { describe, expect, it } from 'vitest';
import { dotnetPattern } from './dotnet-pattern.ts';

describe('A pattern of .NET', () => {
  it.each<[string, string, boolean]>([
    ['er-', 'order-1', true],
    ['ORDER', 'order-1', false],
    ['^order\\-1', 'order-1', true],
    ['^(?!(\\$))', '$ce-order', false],
    ['(?i)^ORDER', 'order-1', true],
    ['(?is)a.b', 'A\nB', true],
    ['\\Aorder', 'order-1', true],
    ['\\Aorder', 'my-order', false],
    ['1\\z', 'order-1', true],
    ['1\\z', 'order-1\n', false],
    ['1\\Z', 'order-1\n', true],
    ['\\\\A', '\\A', true],
    ['^\\p{Lu}', 'Ärger', true],
    ['^\\p{Lu}', 'ärger', false],
    ['^\\\\p', '\\p', true],
  ])('%s finds in %j: %s', (pattern, text, found) => {
    expect(dotnetPattern(pattern).test(text)).toBe(found);
  });

  it.each(['(', '[a', '*', '(?>a)', '(?i-s)a', 'a{2,1}'])('that is none is refused: %s', (pattern) => {
    expect(() => dotnetPattern(pattern)).toThrow(SyntaxError);
  });
});
