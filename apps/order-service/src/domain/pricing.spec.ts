import { describe, expect, it } from 'vitest';
import { priceLines } from './pricing.ts';

const eur = (amount: number) => ({ amount, currency: 'EUR' });
const prices = new Map([
  ['TEA', eur(450)],
  ['CUP', eur(990)],
  ['MUG', { amount: 1200, currency: 'USD' }],
]);
const line = (sku: string) => ({ sku, quantity: 2 });

describe('an order’s lines are priced', () => {
  it('from the price list', () => {
    expect(priceLines([line('CUP'), line('TEA')], prices, undefined)).toEqual({
      ok: true,
      lines: [
        { sku: 'CUP', quantity: 2, unitPrice: eur(990) },
        { sku: 'TEA', quantity: 2, unitPrice: eur(450) },
      ],
    });
  });
  it('only when every product is on sale', () => {
    expect(priceLines([line('TEA'), line('HAT'), line('CAR')], prices, 'EUR')).toEqual({
      ok: false,
      because: 'not-on-sale',
      lines: [1, 2],
    });
  });
  it('in the currency that the customer expects', () => {
    expect(priceLines([line('TEA'), line('CUP')], prices, 'USD')).toEqual({ ok: false, because: 'foreign-currency', lines: [0, 1] });
  });
  it('in one currency', () => {
    expect(priceLines([line('TEA'), line('MUG')], prices, undefined)).toEqual({ ok: false, because: 'foreign-currency', lines: [1] });
  });
});
