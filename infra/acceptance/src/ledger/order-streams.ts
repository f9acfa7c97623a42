import { type EventOf, type EventType, categoryOf } from '@orderstream/contracts';
import type { StoredEvent } from '@orderstream/event-sourcing';
import { type Offence, type Row, compareRows } from './offence.ts';

type Kind = 'order' | 'reservation' | 'payment' | 'shipment';

/** What all streams together say of one order. */
interface OrderStreams {
  /** The last event of each stream; `none` for a stream that there is not. */
  readonly last: Record<Kind, EventType | 'none'>;
  readonly told: Set<EventType>;
  /** Where the order stands, in words. */
  standing: string;
  readonly ordered: Map<string, number>;
  /** Units by SKU that stock streams hold for it, and that have left for it and not come back. */
  readonly held: Map<string, number>;
  readonly out: Map<string, number>;
}

/** Nothing may follow these. */
const ends: Readonly<Record<Kind, readonly EventType[]>> = {
  order: ['OrderDelivered', 'OrderRejected', 'OrderCancelled'],
  reservation: ['ReservationRejected', 'ReservationReleased', 'ReservationReturned'],
  payment: ['PaymentDeclined', 'PaymentVoided', 'PaymentRefunded'],
  shipment: ['ShipmentDelivered', 'ShipmentCancelled', 'ShipmentReturned'],
};

interface Agreement {
  readonly reservation: readonly (EventType | 'none')[];
  readonly payment: readonly (EventType | 'none')[];
  readonly shipment: readonly (EventType | 'none')[];
  /** Where the goods are: set aside for the order, gone, or free for anybody. */
  readonly goods: 'held' | 'out' | 'free';
}

/** What the other streams may say of an order when nothing is under way. An order that is not in here is stuck. */
const agreements: Readonly<Record<string, Agreement>> = {
  paid: { reservation: ['ReservationConfirmed'], payment: ['PaymentAuthorised'], shipment: ['ShipmentScheduled'], goods: 'held' },
  shipped: {
    reservation: ['ReservationFulfilled'],
    payment: ['PaymentCaptured', 'PaymentCaptureFailed'],
    shipment: ['ShipmentDispatched', 'ShipmentRecalled'],
    goods: 'out',
  },
  delivered: {
    reservation: ['ReservationFulfilled'],
    payment: ['PaymentCaptured', 'PaymentCaptureFailed'],
    shipment: ['ShipmentDelivered'],
    goods: 'out',
  },
  'rejected for OUT_OF_STOCK': { reservation: ['ReservationRejected'], payment: ['none'], shipment: ['none'], goods: 'free' },
  'rejected for PAYMENT_DECLINED': {
    reservation: ['ReservationReleased'],
    payment: ['PaymentDeclined'],
    shipment: ['none'],
    goods: 'free',
  },
  'cancelled when placed': {
    reservation: ['ReservationRejected', 'ReservationReleased'],
    payment: ['none'],
    shipment: ['none'],
    goods: 'free',
  },
  'cancelled when accepted': {
    reservation: ['ReservationReleased'],
    payment: ['none', 'PaymentDeclined', 'PaymentVoided'],
    shipment: ['none'],
    goods: 'free',
  },
  'cancelled when paid': {
    reservation: ['ReservationReleased'],
    payment: ['PaymentVoided'],
    shipment: ['ShipmentCancelled'],
    goods: 'free',
  },
  'cancelled when shipped': {
    reservation: ['ReservationReturned'],
    payment: ['PaymentRefunded', 'PaymentVoided'],
    shipment: ['ShipmentReturned'],
    goods: 'free',
  },
};

/**
 * All streams of an order tell one and the same story, and each ends once. Holds when nothing is under way: an order
 * then waits for people alone. Orders of which a consumer set something aside are left out.
 */
export function checkOrderStreams(facts: readonly StoredEvent[], parkedStreams: ReadonlySet<string>): Offence[] {
  const orders = new Map<string, OrderStreams>();
  const offences = facts.flatMap((fact) => take(orders, fact));
  const parked = new Set([...parkedStreams].map((stream) => stream.slice(stream.indexOf('-') + 1)));
  for (const [orderId, order] of orders) if (!parked.has(orderId)) offences.push(...disagreements(orderId, order));
  return offences;
}

/** Orders whose capture failed for good: the platform can do no more, and somebody has to look. */
export function failedCaptures(facts: readonly StoredEvent[]): string[] {
  const last = new Map<string, string>();
  for (const { stream, event } of facts) if (stream.startsWith('payment-')) last.set(stream, event.type);
  return [...last].flatMap(([stream, type]) => (type === 'PaymentCaptureFailed' ? [stream] : []));
}

/** Adds a fact to its order. An offence when its stream had ended before, or tells the same again. */
function take(orders: Map<string, OrderStreams>, { stream, event, revision }: StoredEvent): Offence[] {
  const category = categoryOf(stream);
  const { type, data } = event as EventOf<'order' | 'reservation' | 'payment' | 'shipment' | 'stock'>;
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
  const offence = (detail: string): Offence[] => [{ check: 'orders', subject: `${stream}@${revision}`, detail }];
  if (before !== 'none' && ends[category].includes(before)) return offence(`${type} came after ${before}, which ends the stream`);
  return isRepeated ? offence(`${type} came a second time`) : [];
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

/** Null when it stands where it stood. */
function standingAfter({ type, data }: EventOf<'order'>): string | null {
  switch (type) {
    case 'OrderRejected':
      return `rejected for ${data.reason}`;
    case 'OrderCancelled':
      return `cancelled when ${data.stage}`;
    case 'ShippingAddressChanged':
    case 'OrderCancellationRequested':
      return null;
    default:
      return type.slice('Order'.length).toLowerCase();
  }
}

function moveGoods({ held, out }: OrderStreams, type: EventType, sku: string, quantity: number): void {
  const add = (units: Map<string, number>, by: number): void => void units.set(sku, (units.get(sku) ?? 0) + by);
  if (type === 'StockReserved') add(held, quantity);
  if (type === 'StockReleased' || type === 'StockIssued') add(held, -quantity);
  if (type === 'StockIssued') add(out, quantity);
  if (type === 'StockReturned') add(out, -quantity);
}

function disagreements(orderId: string, order: OrderStreams): Offence[] {
  const offence = (detail: string): Offence => ({ check: 'orders', subject: `order-${orderId}`, detail });
  const { last, standing } = order;
  if (last.order === 'none') return [offence('no such order was placed, but other streams tell of it')];
  const agreed = agreements[standing];
  if (agreed === undefined) return [offence(`is ${standing}, and nothing is under way that could change that`)];
  const wrong = (['reservation', 'payment', 'shipment'] as const)
    .filter((kind) => !agreed[kind].includes(last[kind]))
    .map((kind) => offence(`is ${standing}, but the last event of its ${kind} is ${last[kind]}`));
  return [...wrong, ...misplacedGoods(orderId, order, agreed.goods)];
}

function misplacedGoods(orderId: string, { ordered, held, out }: OrderStreams, goods: Agreement['goods']): Offence[] {
  const subject = (sku: string): string => `${sku} for order-${orderId}`;
  const expected = new Map<string, Row>();
  for (const [sku, units] of ordered) expected.set(subject(sku), { held: goods === 'held' ? units : 0, out: goods === 'out' ? units : 0 });
  const actual = new Map<string, Row>();
  for (const sku of new Set([...ordered.keys(), ...held.keys(), ...out.keys()])) {
    actual.set(subject(sku), { held: held.get(sku) ?? 0, out: out.get(sku) ?? 0 });
  }
  return compareRows('orders', expected, actual);
}
