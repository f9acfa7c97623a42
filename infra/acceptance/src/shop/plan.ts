import { type Outcome, endsByDeadline, outcomes } from './outcomes.ts';
import { pick, seededRandom, seededUuid, shuffled } from './random.ts';

export interface PlannedProduct {
  readonly sku: string;
  readonly name: string;
  readonly price: { readonly amount: number; readonly currency: string };
  /** Units to receive. */
  readonly stock: number;
}

export type Recipient = Readonly<Record<'name' | 'street' | 'city' | 'postalCode' | 'country', string>>;

export interface PlannedOrder {
  /** How it must end: what customers and the warehouse do about it follows from this. */
  readonly outcome: Outcome;
  readonly idempotencyKey: string;
  /** How often it is sent at the same time, under the same key. */
  readonly copies: number;
  /** Where the customer moves as soon as the order is placed; null for most. That is too late if the order is paid by then. */
  readonly movesTo: Recipient | null;
  readonly body: {
    readonly customerId: string;
    readonly lines: readonly { readonly sku: string; readonly quantity: number }[];
    readonly paymentMethod: string;
    readonly recipient: Recipient;
  };
}

export interface Plan {
  readonly products: PlannedProduct[];
  readonly orders: PlannedOrder[];
}

const NAMES = ['Oak desk', 'Desk lamp', 'Office chair', 'Bookshelf', 'Notebook', 'Fountain pen', 'Wall clock', 'Wool blanket'];
const CITIES = ['Lisbon', 'Turin', 'Lyon', 'Ghent', 'Graz'];
/** How many of a hundred orders end so. */
const SHARES: Readonly<Record<Outcome, number>> = {
  delivered: 66,
  'out of stock': 8,
  'payment declined': 7,
  'payment given up': 2,
  'cancelled before payment': 3,
  'cancelled before dispatch': 3,
  'never dispatched': 2,
  'recalled and returned': 3,
  'recalled too late': 2,
  'returned to sender': 2,
  'capture failed': 2,
};
/** From this many orders on, there is one of each. */
const ONE_OF_EACH_FROM = 12;
/** Mostly a card that works; the others fail for a while, or lose the reply after booking. */
const PAYING = ['pm_card_ok', 'pm_card_ok', 'pm_card_ok', 'pm_card_ok', 'pm_card_ok', 'pm_card_unstable', 'pm_card_lost_reply'];
const SLOW_EVERY = 50;
const REPEATED_EVERY = 25;
const COPIES = 20;
const MOVING = 0.1;
const MOST_UNITS = 3;
/** Listed, but never received. */
const SOLD_OUT = 'SOLD-OUT';

/**
 * A shop and its orders, the same for the same seed. Outcomes depend neither on the sequence in which orders are
 * placed nor on how long anything takes. Orders that a deadline ends come first, so that the others don't wait for
 * them.
 */
export function plan(orders: number, seed: number, mustOccur: Outcome | null = null): Plan {
  const random = seededRandom(seed);
  const wanted = Array.from({ length: orders }, () => drawn(random));
  if (orders >= ONE_OF_EACH_FROM) wanted.splice(0, outcomes.length, ...outcomes);
  if (mustOccur !== null && !wanted.includes(mustOccur)) wanted[0] = mustOccur;
  return planOf(shuffled(random, wanted), seed);
}

/** A plan of orders that end in just these ways. */
export function planOf(wanted: readonly Outcome[], seed: number): Plan {
  const random = seededRandom(seed);
  const products = NAMES.map((name, index): PlannedProduct => ({
    sku: `${name.toUpperCase().replace(' ', '-')}-${index + 1}`,
    name,
    price: { amount: 500 + Math.floor(random() * 20_000), currency: 'EUR' },
    stock: wanted.length * MOST_UNITS,
  }));
  const soldOut: PlannedProduct = { sku: SOLD_OUT, name: 'Sold-out print', price: { amount: 4_900, currency: 'EUR' }, stock: 0 };
  const customers = Array.from({ length: Math.max(1, Math.ceil(wanted.length / 4)) }, () => seededUuid(random));
  const inOrder = [...wanted.filter(endsByDeadline), ...wanted.filter((outcome) => !endsByDeadline(outcome))];
  return {
    products: [...products, soldOut],
    orders: inOrder.map((outcome, index) => plannedOrder(random, outcome, index, { products, customers })),
  };
}

function drawn(random: () => number): Outcome {
  let left = random() * 100;
  for (const outcome of outcomes) {
    left -= SHARES[outcome];
    if (left < 0) return outcome;
  }
  return 'delivered';
}

function plannedOrder(
  random: () => number,
  outcome: Outcome,
  index: number,
  { products, customers }: { readonly products: readonly PlannedProduct[]; readonly customers: readonly string[] },
): PlannedOrder {
  const skus = new Set(Array.from({ length: 1 + Math.floor(random() * 4) }, () => pick(random, products).sku));
  const lines = [...skus].map((sku) => ({ sku, quantity: 1 + Math.floor(random() * MOST_UNITS) }));
  const paying = index % SLOW_EVERY === SLOW_EVERY - 1 ? 'pm_card_slow' : pick(random, PAYING);
  const paymentMethod = methodFor(outcome) ?? paying;
  const moves = random() < MOVING || paymentMethod === 'pm_card_silent';
  const recipient = recipientOf(random, index);
  return {
    outcome,
    idempotencyKey: seededUuid(random),
    copies: index % REPEATED_EVERY === 0 ? COPIES : 1,
    movesTo: moves ? recipientOf(random, index) : null,
    body: {
      customerId: pick(random, customers),
      lines: outcome === 'out of stock' ? [...lines, { sku: SOLD_OUT, quantity: 1 }] : lines,
      paymentMethod,
      recipient,
    },
  };
}

/** The payment method that leads to the order's outcome; null when any that works will do. */
function methodFor(outcome: Outcome): string | null {
  switch (outcome) {
    case 'payment declined':
      return 'pm_card_declined';
    case 'payment given up':
    case 'cancelled before payment':
      return 'pm_card_silent';
    case 'capture failed':
      return 'pm_card_capture_refused';
    default:
      return null;
  }
}

function recipientOf(random: () => number, index: number): Recipient {
  return {
    name: `Customer ${index + 1}`,
    street: `${1 + Math.floor(random() * 200)} Market Street`,
    city: pick(random, CITIES),
    postalCode: String(10_000 + Math.floor(random() * 89_999)),
    country: 'PT',
  };
}
