import { type EventOf, type EventType, categoryOf } from '@orderstream/contracts';
import type { StoredEvent } from '@orderstream/event-sourcing';
import { type Agreement, type Kind, type LastEvent, ended, standingAfter, terminal, waiting } from '../agreement.ts';
import { type Discrepancy, type Row, compareRows } from './discrepancy.ts';

/** What all streams together say about one order. */
interface OrderStreams {
  readonly last: Record<Kind, LastEvent>;
  readonly told: Set<EventType>;
  /** Where the order stands, in words. */
  standing: string;
  readonly ordered: Map<string, number>;
  /** Units by SKU that stock streams hold for it, and those that have left for it and not come back. */
  readonly held: Map<string, number>;
  readonly out: Map<string, number>;
}

/**
 * All streams of an order tell one and the same story, and each ends once. Holds when nothing is under way: an
 * order then waits for people alone. Orders with a parked event are left out.
 */
export function checkOrderStreams(events: readonly StoredEvent[], parkedStreams: ReadonlySet<string>): Discrepancy[] {
  const orders = new Map<string, OrderStreams>();
  const discrepancies = events.flatMap((stored) => take(orders, stored));
  const parked = new Set([...parkedStreams].map((stream) => stream.slice(stream.indexOf('-') + 1)));
  for (const [orderId, order] of orders) if (!parked.has(orderId)) discrepancies.push(...disagreements(orderId, order));
  return discrepancies;
}

/** Orders whose capture failed for good: the platform can do no more, and somebody has to look. */
export function failedCaptures(events: readonly StoredEvent[]): string[] {
  const last = new Map<string, string>();
  for (const { stream, event } of events) if (stream.startsWith('payment-')) last.set(stream, event.type);
  return [...last].flatMap(([stream, type]) => (type === 'PaymentCaptureFailed' ? [stream] : []));
}

/** Adds an event to its order. A discrepancy when its stream had ended before, or says the same again. */
function take(orders: Map<string, OrderStreams>, { stream, event, revision }: StoredEvent): Discrepancy[] {
  const category = categoryOf(stream);
  const { type, data } = event as EventOf<Kind | 'stock'>;
  if (category === null || category === 'product' || !('orderId' in data)) return [];
  const order = orders.get(data.orderId) ?? untold();
  orders.set(data.orderId, order);
  if (type === 'OrderPlaced') for (const { sku, quantity } of data.lines) order.ordered.set(sku, quantity);
  if (category === 'stock') {
    if ('sku' in data) moveGoods(order, type, data.sku, data.quantity);
    return [];
  }
  const before = order.last[category];
  order.last[category] = type;
  if (category === 'order') order.standing = standingAfter(event as EventOf<'order'>) ?? order.standing;
  const isRepeated = order.told.has(type) && type !== 'ShippingAddressChanged';
  order.told.add(type);
  const discrepancy = (detail: string): Discrepancy[] => [{ check: 'orders', subject: `${stream}@${revision}`, detail }];
  if (before !== 'none' && terminal[category].includes(before)) return discrepancy(`${type} came after ${before}, which ends the stream`);
  return isRepeated ? discrepancy(`${type} came a second time`) : [];
}

function untold(): OrderStreams {
  return {
    last: { order: 'none', reservation: 'none', payment: 'none', shipment: 'none' },
    told: new Set(),
    standing: 'unknown',
    ordered: new Map(),
    held: new Map(),
    out: new Map(),
  };
}

function moveGoods({ held, out }: OrderStreams, type: EventType, sku: string, quantity: number): void {
  const add = (units: Map<string, number>, by: number): void => void units.set(sku, (units.get(sku) ?? 0) + by);
  if (type === 'StockReserved') add(held, quantity);
  if (type === 'StockReleased' || type === 'StockIssued') add(held, -quantity);
  if (type === 'StockIssued') add(out, quantity);
  if (type === 'StockReturned') add(out, -quantity);
}

function disagreements(orderId: string, order: OrderStreams): Discrepancy[] {
  const discrepancy = (detail: string): Discrepancy => ({ check: 'orders', subject: `order-${orderId}`, detail });
  const { last, standing } = order;
  if (last.order === 'none') return [discrepancy('no such order was placed, but other streams tell of it')];
  // Nothing is under way: an order that has neither ended nor waits for people is stuck.
  const agreed = waiting[standing] ?? ended[standing];
  if (agreed === undefined) return [discrepancy(`is ${standing}, and nothing is under way that could change that`)];
  const wrong = (['reservation', 'payment', 'shipment'] as const)
    .filter((kind) => !agreed[kind].includes(last[kind]))
    .map((kind) => discrepancy(`is ${standing}, but the last event of its ${kind} is ${last[kind]}`));
  return [...wrong, ...misplacedGoods(orderId, order, agreed.goods)];
}

function misplacedGoods(orderId: string, { ordered, held, out }: OrderStreams, goods: Agreement['goods']): Discrepancy[] {
  const subject = (sku: string): string => `${sku} for order-${orderId}`;
  const expected = new Map<string, Row>();
  for (const [sku, units] of ordered) expected.set(subject(sku), { held: goods === 'held' ? units : 0, out: goods === 'out' ? units : 0 });
  const actual = new Map<string, Row>();
  for (const sku of new Set([...ordered.keys(), ...held.keys(), ...out.keys()])) {
    actual.set(subject(sku), { held: held.get(sku) ?? 0, out: out.get(sku) ?? 0 });
  }
  return compareRows('orders', expected, actual);
}
