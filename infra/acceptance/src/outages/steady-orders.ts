import type { PlannedOrder, PlannedProduct } from '../shop/plan.ts';
import { pick, seededRandom, seededUuid } from '../shop/random.ts';

/** Enough that no product is in demand all the time: a stock stream is read whole for each order. */
const PRODUCTS = 300;
const STOCK = 1_000_000;
const MOST_LINES = 3;
/** Mostly a card that works; one fails for a while, one loses the reply after booking. */
const PAYING = [
  'pm_card_ok',
  'pm_card_ok',
  'pm_card_ok',
  'pm_card_ok',
  'pm_card_ok',
  'pm_card_ok',
  'pm_card_unstable',
  'pm_card_lost_reply',
];

export const products: readonly PlannedProduct[] = Array.from({ length: PRODUCTS }, (_, index) => ({
  sku: `STEADY-${index + 1}`,
  name: `Product ${index + 1}`,
  price: { amount: 1_000 + index, currency: 'EUR' },
  stock: STOCK,
}));

/** An endless row of orders that must all be delivered, the same for the same seed. */
export function* steadyOrders(seed: number): Generator<PlannedOrder, never> {
  const random = seededRandom(seed);
  for (let index = 1; ; index++) {
    const skus = new Set(Array.from({ length: 1 + Math.floor(random() * MOST_LINES) }, () => pick(random, products).sku));
    yield {
      outcome: 'delivered',
      idempotencyKey: seededUuid(random),
      copies: 1,
      movesTo: null,
      body: {
        customerId: seededUuid(random),
        lines: [...skus].map((sku) => ({ sku, quantity: 1 })),
        paymentMethod: pick(random, PAYING),
        recipient: { name: `Customer ${index}`, street: '1 Market Street', city: 'Lisbon', postalCode: '1100-001', country: 'PT' },
      },
    };
  }
}
