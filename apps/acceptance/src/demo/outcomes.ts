import type { EventOf } from '@orderstream/contracts';
import type { StoredEvent } from '@orderstream/event-sourcing';
import type { PlacedOrder } from '../shop/customers.ts';
import type { Outcome } from '../shop/plan.ts';

/** How each order stands by its own stream; an order that has not ended is `open`. */
export function outcomesOf(facts: readonly StoredEvent[]): Map<string, Outcome | 'open'> {
  const outcomes = new Map<string, Outcome | 'open'>();
  for (const { stream, event } of facts) {
    if (!stream.startsWith('order-')) continue;
    outcomes.set(stream.slice('order-'.length), outcomeAfter(event as EventOf<'order'>));
  }
  return outcomes;
}

function outcomeAfter(event: EventOf<'order'>): Outcome | 'open' {
  if (event.type === 'OrderDelivered') return 'delivered';
  if (event.type === 'OrderRejected') return event.data.reason === 'OUT_OF_STOCK' ? 'out of stock' : 'payment declined';
  return 'open';
}

/** Orders that did not end as they were planned to. */
export function surprises(placed: readonly PlacedOrder[], outcomes: ReadonlyMap<string, Outcome | 'open'>): string[] {
  return placed.flatMap(({ planned, orderId }) => {
    const outcome = outcomes.get(orderId) ?? 'unknown';
    return outcome === planned.outcome ? [] : [`order ${orderId}: planned ${planned.outcome}, is ${outcome}`];
  });
}

/** The smallest value that at least the given part (0..1) of the values does not exceed. */
export function percentile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? 0;
}
