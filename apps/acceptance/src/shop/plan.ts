import { pick, seededRandom, seededUuid } from './random.ts';

export interface PlannedProduct {
  readonly sku: string;
  readonly name: string;
  readonly price: { readonly amount: number; readonly currency: string };
  /** Units to receive. */
  readonly stock: number;
}

/** How an order must end, known when it is planned. */
export type Outcome = 'delivered' | 'out of stock' | 'payment declined';

export interface PlannedOrder {
  readonly outcome: Outcome;
  readonly idempotencyKey: string;
  /** How often it is sent at the same time, under the same key. */
  readonly copies: number;
  readonly body: {
    readonly customerId: string;
    readonly lines: readonly { readonly sku: string; readonly quantity: number }[];
    readonly paymentMethod: string;
    readonly recipient: Readonly<Record<'name' | 'street' | 'city' | 'postalCode' | 'country', string>>;
  };
}

const NAMES = ['Oak desk', 'Desk lamp', 'Office chair', 'Bookshelf', 'Notebook', 'Fountain pen', 'Wall clock', 'Wool blanket'];
const CITIES = ['Lisbon', 'Turin', 'Lyon', 'Ghent', 'Graz'];
/** Mostly a card that works; the others answer late, fail for a while, or lose the reply after booking. */
const PAYING = ['pm_card_ok', 'pm_card_ok', 'pm_card_ok', 'pm_card_ok', 'pm_card_ok', 'pm_card_unstable', 'pm_card_lost_reply'];
const SLOW_EVERY = 50;
const REPEATED_EVERY = 25;
const COPIES = 20;
const MOST_UNITS = 3;
/** Listed, but never received. */
const SOLD_OUT = 'SOLD-OUT';

/** A shop and its orders, the same for the same seed. Outcomes do not depend on the order in which they are placed. */
export function plan(orders: number, seed: number): { products: PlannedProduct[]; orders: PlannedOrder[] } {
  const random = seededRandom(seed);
  const products = NAMES.map((name, index): PlannedProduct => ({
    sku: `${name.toUpperCase().replace(' ', '-')}-${index + 1}`,
    name,
    price: { amount: 500 + Math.floor(random() * 20_000), currency: 'EUR' },
    stock: orders * MOST_UNITS,
  }));
  const soldOut: PlannedProduct = { sku: SOLD_OUT, name: 'Sold-out print', price: { amount: 4_900, currency: 'EUR' }, stock: 0 };
  const customers = Array.from({ length: Math.max(1, Math.ceil(orders / 4)) }, () => seededUuid(random));
  return {
    products: [...products, soldOut],
    orders: Array.from({ length: orders }, (_, index) => plannedOrder(random, index, products, customers)),
  };
}

function plannedOrder(
  random: () => number,
  index: number,
  products: readonly PlannedProduct[],
  customers: readonly string[],
): PlannedOrder {
  const fate = random();
  const outcome: Outcome = fate < 0.12 ? 'out of stock' : fate < 0.24 ? 'payment declined' : 'delivered';
  const skus = new Set(Array.from({ length: 1 + Math.floor(random() * 4) }, () => pick(random, products).sku));
  const lines = [...skus].map((sku) => ({ sku, quantity: 1 + Math.floor(random() * MOST_UNITS) }));
  const paying = index % SLOW_EVERY === SLOW_EVERY - 1 ? 'pm_card_slow' : pick(random, PAYING);
  return {
    outcome,
    idempotencyKey: seededUuid(random),
    copies: index % REPEATED_EVERY === 0 ? COPIES : 1,
    body: {
      customerId: pick(random, customers),
      lines: outcome === 'out of stock' ? [...lines, { sku: SOLD_OUT, quantity: 1 }] : lines,
      paymentMethod: outcome === 'payment declined' ? 'pm_card_declined' : paying,
      recipient: {
        name: `Customer ${index + 1}`,
        street: `${1 + Math.floor(random() * 200)} Market Street`,
        city: pick(random, CITIES),
        postalCode: String(10_000 + Math.floor(random() * 89_999)),
        country: 'PT',
      },
    },
  };
}
