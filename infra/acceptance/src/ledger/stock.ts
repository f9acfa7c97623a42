import type { Discrepancy } from './discrepancy.ts';

/** Units by SKU, each from a system of its own. */
export interface StockSources {
  /** What was received: the stored receipts. */
  readonly received: ReadonlyMap<string, number>;
  /** What inventory's API says is on hand and free. */
  readonly available: ReadonlyMap<string, number>;
  /** What inventory's confirmed reservations hold. */
  readonly reserved: ReadonlyMap<string, number>;
  /** What shipping's database says has left, and has not come back. */
  readonly out: ReadonlyMap<string, number>;
}

/** received = available + reserved + out, for every SKU; nothing is negative. */
export function checkStock({ received, available, reserved, out }: StockSources): Discrepancy[] {
  const skus = new Set([...received.keys(), ...available.keys(), ...reserved.keys(), ...out.keys()]);
  return [...skus].sort().flatMap((sku): Discrepancy[] => {
    const [units, free, held, gone] = [received, available, reserved, out].map((source) => source.get(sku) ?? 0) as [
      number,
      number,
      number,
      number,
    ];
    if (free >= 0 && units === free + held + gone) return [];
    return [{ check: 'stock', subject: sku, detail: `${units} received, but ${free} available + ${held} reserved + ${gone} out` }];
  });
}
