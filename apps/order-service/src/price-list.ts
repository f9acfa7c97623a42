import { Injectable } from '@nestjs/common';
import type { Money } from '@orderstream/contracts';
import { Database } from '@orderstream/postgres';

/** For this long after a change, orders may still get the old price. */
const REMEMBERED_MS = 1_000;
const MOST_REMEMBERED = 10_000;

interface Remembered {
  readonly price: Money;
  readonly untilMs: number;
}

/**
 * What products cost now. Prices that were read within the last second come from memory. A product that was not on
 * sale is always looked up again, so that it can be ordered as soon as it is listed.
 */
@Injectable()
export class PriceList {
  readonly #remembered = new Map<string, Remembered>();

  constructor(private readonly database: Database) {}

  /** Prices of those that are on sale. @throws DependencyUnavailable */
  async pricesOf(skus: readonly string[]): Promise<ReadonlyMap<string, Money>> {
    const nowMs = Date.now();
    const prices = new Map<string, Money>();
    const missing: string[] = [];
    for (const sku of skus) {
      const remembered = this.#remembered.get(sku);
      if (remembered !== undefined && remembered.untilMs > nowMs) prices.set(sku, remembered.price);
      else missing.push(sku);
    }
    if (missing.length === 0) return prices;
    const rows = await this.database.query<{ sku: string; amount: string; currency: string }>(
      'SELECT sku, amount, currency FROM order_price WHERE on_sale AND sku = ANY($1)',
      [missing],
    );
    for (const { sku, amount, currency } of rows) {
      const price = { amount: Number(amount), currency };
      prices.set(sku, price);
      this.#remember(sku, { price, untilMs: nowMs + REMEMBERED_MS });
    }
    return prices;
  }

  #remember(sku: string, price: Remembered): void {
    // Put last, so that the first key is always the oldest.
    this.#remembered.delete(sku);
    this.#remembered.set(sku, price);
    if (this.#remembered.size > MOST_REMEMBERED) this.#remembered.delete(this.#remembered.keys().next().value!);
  }
}
