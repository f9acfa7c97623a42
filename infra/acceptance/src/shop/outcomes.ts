/** Every way in which an order can end; the names by which people ask for its story. */
export const outcomes = [
  'delivered',
  'out of stock',
  'payment declined',
  'payment given up',
  'cancelled before payment',
  'cancelled before dispatch',
  'never dispatched',
  'recalled and returned',
  'recalled too late',
  'returned to sender',
  'capture failed',
] as const;

export type Outcome = (typeof outcomes)[number];

export const isOutcome = (name: string): name is Outcome => outcomes.some((known) => known === name);

/** These end because nobody acts for as long as a service waits. */
export const endsByDeadline = (outcome: Outcome): boolean => outcome === 'payment given up' || outcome === 'never dispatched';
