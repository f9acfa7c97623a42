import { type EventNamed, type EventOf, categoryOf } from '@orderstream/contracts';
import type { StoredEvent } from '@orderstream/event-sourcing';
import type { PlacedOrder } from '../shop/customers.ts';
import type { Outcome } from '../shop/outcomes.ts';

/** What an order's streams say so far about how it ended. */
interface Told {
  readonly outcome: Outcome | 'open';
  readonly recalled?: boolean;
  readonly captureFailed?: boolean;
  /** The payment got no answer before its deadline. */
  readonly gaveUp?: boolean;
}

/** How each order ended, by all its streams; an order that has not ended is `open`. */
export function outcomesOf(events: readonly StoredEvent[]): Map<string, Outcome | 'open'> {
  const told = new Map<string, Told>();
  for (const { stream, event } of events) {
    const category = categoryOf(stream);
    if (category !== 'order' && category !== 'payment' && category !== 'shipment') continue;
    const orderId = stream.slice(category.length + 1);
    told.set(orderId, { ...(told.get(orderId) ?? { outcome: 'open' }), ...said(event as EventOf<'order' | 'payment' | 'shipment'>) });
  }
  return new Map([...told].map(([orderId, all]) => [orderId, inFull(all)]));
}

function said(event: EventOf<'order' | 'payment' | 'shipment'>): Partial<Told> {
  switch (event.type) {
    case 'OrderDelivered':
      return { outcome: 'delivered' };
    case 'OrderRejected':
      return { outcome: event.data.reason === 'OUT_OF_STOCK' ? 'out of stock' : 'payment declined' };
    case 'OrderCancelled':
      return { outcome: cancelled(event.data) };
    case 'PaymentDeclined':
      return { gaveUp: event.data.reason === 'deadline' };
    case 'PaymentCaptureFailed':
      return { captureFailed: true };
    case 'ShipmentRecalled':
      return { recalled: true };
    default:
      return {};
  }
}

function cancelled({ reason, stage }: EventNamed<'OrderCancelled'>['data']): Outcome {
  if (reason === 'DISPATCH_DEADLINE') return 'never dispatched';
  if (reason === 'RETURNED') return 'returned to sender';
  return stage === 'placed' || stage === 'accepted' ? 'cancelled before payment' : 'cancelled before dispatch';
}

/** The order's own stream has the last word; the others tell what led to it. */
function inFull({ outcome, recalled = false, captureFailed = false, gaveUp = false }: Told): Outcome | 'open' {
  if (outcome === 'payment declined' && gaveUp) return 'payment given up';
  if (outcome === 'returned to sender' && recalled) return 'recalled and returned';
  if (outcome === 'delivered' && recalled) return 'recalled too late';
  if (outcome === 'delivered' && captureFailed) return 'capture failed';
  return outcome;
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
