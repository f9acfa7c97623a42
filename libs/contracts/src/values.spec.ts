import { describe, expect, it } from 'vitest';
import { CURRENCY, SKU } from './values.ts';

describe('A currency', () => {
  it.each(['EUR', 'IDR', 'JPY', 'KWD', 'XAF'])('may be %s', (code) => {
    expect(CURRENCY.codes).toContain(code);
    expect(code).toMatch(CURRENCY.pattern);
  });
  it.each(['ZZZ', 'XTS', 'eur', 'EURO', '€', ''])('is not "%s"', (code) => expect(CURRENCY.codes).not.toContain(code));
});

describe('A product code', () => {
  it.each(['TEA-100', '7', 'a.b_c-d', 'x'.repeat(64)])('may be %s', (code) => expect(code).toMatch(SKU.pattern));
  it.each(['', '-TEA', 'a b', 'a/b', 'tea\n', 'Åse', 'x'.repeat(65)])('is not %j', (code) => expect(code).not.toMatch(SKU.pattern));
});
