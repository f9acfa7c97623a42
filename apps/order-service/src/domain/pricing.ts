import type { Line, Money, OrderLine } from '@orderstream/contracts';

/** Indexes of the lines that can't be sold as asked. */
export type Pricing =
  | { readonly ok: true; readonly lines: readonly OrderLine[] }
  | { readonly ok: false; readonly because: 'not-on-sale' | 'foreign-currency'; readonly lines: readonly number[] };

/**
 * The price list's prices for the lines of an order, all in one currency: the one that the customer expects, or
 * else the first line's.
 */
export function priceLines(lines: readonly Line[], prices: ReadonlyMap<string, Money>, expectedCurrency: string | undefined): Pricing {
  const unknown = indexesWhere(lines, ({ sku }) => !prices.has(sku));
  if (unknown.length > 0) return { ok: false, because: 'not-on-sale', lines: unknown };
  const priced = lines.map(({ sku, quantity }) => ({ sku, quantity, unitPrice: prices.get(sku)! }));
  const currency = expectedCurrency ?? priced[0]?.unitPrice.currency;
  const foreign = indexesWhere(priced, ({ unitPrice }) => unitPrice.currency !== currency);
  if (foreign.length > 0) return { ok: false, because: 'foreign-currency', lines: foreign };
  return { ok: true, lines: priced };
}

function indexesWhere<Item>(items: readonly Item[], matches: (item: Item) => boolean): number[] {
  return items.flatMap((item, index) => (matches(item) ? [index] : []));
}
