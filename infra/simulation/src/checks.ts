import { ended, standingAfter, terminal } from '@orderstream/acceptance/agreement';
import type { EventNamed, EventOf, EventType } from '@orderstream/contracts';
import type { StoredEvent } from '@orderstream/event-sourcing';
import { GIVE_UP_REASONS } from '@orderstream/payment-service/domain/payment.decider';
import type { RowsInMemory } from '@orderstream/postgres';
import type { Account } from './provider.ts';
import type { PlatformEvent } from './rules.ts';
import { deadlines } from './services.ts';
import type { SimulatedTable } from './simulated-tables.ts';

/** Something that must not be, and the order it is about. */
export interface Violation {
  readonly what: string;
  readonly orderId: string | null;
}

export interface Evidence {
  readonly events: readonly StoredEvent[];
  /** Orders that somebody tried to place. */
  readonly orderIds: readonly string[];
  readonly accountOf: (orderId: string) => Account;
  /** Whether the provider was asked for the order's authorisation when there was none. */
  readonly wasLookedUpInVain: (orderId: string) => boolean;
  /** When the provider was last asked to authorise the order; null when it never was. */
  readonly askedAtMs: (orderId: string) => number | null;
  /** How many events there were when all had been heard; null if that never was the case. */
  readonly quietSince: number | null;
  readonly models: readonly SimulatedTable[];
  /** What was reported while it ran. */
  readonly reported: readonly string[];
}

/** Any event after one of these is a violation. */
const ends: ReadonlySet<string> = new Set(Object.values(terminal).flat());

/** Everything that is wrong once nobody has anything to do any more. */
export function violations(evidence: Evidence): Violation[] {
  const byStream = Map.groupBy(evidence.events, ({ stream }) => stream);
  return [
    ...evidence.reported.map((what) => ({ what, orderId: /[0-9a-f]{8}-[0-9a-f-]{27}/.exec(what)?.[0] ?? null })),
    ...[...byStream].flatMap(([stream, events]) => afterTheEnd(stream, events)),
    ...evidence.orderIds.flatMap((orderId) => ofOrder(orderId, byStream, evidence)),
    ...unansweredRequests(evidence),
    ...[...byStream].flatMap(([stream, events]) => (stream.startsWith('stock-') ? ofStock(stream, events, byStream) : [])),
    ...evidence.models.flatMap((each) => ofModel(each, evidence.events)),
  ];
}

function afterTheEnd(stream: string, events: readonly StoredEvent[]): Violation[] {
  const end = events.findIndex(({ event }) => ends.has(event.type));
  const late = end < 0 ? undefined : events[end + 1];
  return late === undefined ? [] : [{ what: `${late.event.type} after ${events[end]!.event.type} on ${stream}`, orderId: idOf(stream) }];
}

/** A customer whose cancellation was heard before the goods left, or arrived, must not get them all the same. */
function unansweredRequests({ events, quietSince }: Evidence): Violation[] {
  if (quietSince === null) return [];
  const [before, after] = [events.slice(0, quietSince), events.slice(quietSince)] as [
    StoredEvent<PlatformEvent>[],
    StoredEvent<PlatformEvent>[],
  ];
  const requested = new Set(before.flatMap(({ event }) => (event.type === 'OrderCancellationRequested' ? [event.data.orderId] : [])));
  const recalled = new Set(
    events.flatMap(({ event }) => (event.type === 'ShipmentRecalled' ? [(event as EventNamed<'ShipmentRecalled'>).data.orderId] : [])),
  );
  return after.flatMap(({ event }) => {
    const isIgnored = event.type === 'ShipmentDispatched' || event.type === 'ShipmentDelivered';
    if (!isIgnored || !requested.has(event.data.orderId) || recalled.has(event.data.orderId)) return [];
    return [{ what: `${event.type} although its cancellation was asked for`, orderId: event.data.orderId }];
  });
}

function ofOrder(
  orderId: string,
  byStream: ReadonlyMap<string, readonly StoredEvent[]>,
  { accountOf, wasLookedUpInVain, askedAtMs }: Evidence,
): Violation[] {
  const last = (category: string): PlatformEvent | null =>
    (byStream.get(`${category}-${orderId}`)?.at(-1)?.event as PlatformEvent | undefined) ?? null;
  const end = last('order') as EventOf<'order'> | null;
  if (end === null) return [];
  const found = (what: string): Violation => ({ what, orderId });
  const standing = standingAfter(end) ?? end.type;
  const agreed = ended[standing];
  if (agreed === undefined) return [found(`the order never ends: it is ${standing}`)];
  const discord = (['reservation', 'payment', 'shipment'] as const).flatMap((category) => {
    const actual = last(category)?.type ?? 'none';
    return agreed[category].includes(actual) ? [] : [found(`the order is ${standing}, but the last event of its ${category} is ${actual}`)];
  });
  const declined = byStream.get(`payment-${orderId}`)?.at(-1)?.event as PlatformEvent | undefined;
  const isGivenUp = declined?.type === 'PaymentDeclined' && GIVE_UP_REASONS.some((reason) => reason === declined.data.reason);
  return [
    ...discord,
    ...ofMoney(orderId, byStream, accountOf(orderId)),
    ...ofDeadline(orderId, byStream, askedAtMs(orderId)),
    ...(isGivenUp && !wasLookedUpInVain(orderId) ? [found('the payment was given up without a look at the provider')] : []),
  ];
}

/** The provider's book against the payment's own stream. */
function ofMoney(orderId: string, byStream: ReadonlyMap<string, readonly StoredEvent[]>, account: Account): Violation[] {
  const events = byStream.get(`payment-${orderId}`) ?? [];
  const requested = events[0]?.event as EventNamed<'PaymentRequested'> | undefined;
  const amount = requested?.data.amount.amount ?? 0;
  const end = events.at(-1)?.event.type;
  const expected = { held: end === 'PaymentCaptureFailed' ? amount : 0, taken: end === 'PaymentCaptured' ? amount : 0 };
  const found: string[] = [];
  if (account.held !== expected.held) found.push(`${account.held} are held on the card after ${end ?? 'nothing'}`);
  if (account.taken !== expected.taken) found.push(`${account.taken} are charged after ${end ?? 'nothing'}`);
  for (const [kind, times] of Object.entries(account.operations)) if (times > 1) found.push(`the provider did the ${kind} ${times} times`);
  return found.map((what) => ({ what, orderId }));
}

/** Nothing is given up before its deadline, and no payment that was not asked for again after it. */
function ofDeadline(orderId: string, byStream: ReadonlyMap<string, readonly StoredEvent[]>, askedAtMs: number | null): Violation[] {
  const early = (category: string, end: StoredEvent | undefined, sinceMs: number, deadlineMs: number): Violation[] =>
    end === undefined || Date.parse(end.recordedAt) >= sinceMs + deadlineMs
      ? []
      : [{ what: `the ${category} was given up before its deadline`, orderId }];
  const first = (category: string, type: EventType): StoredEvent | undefined =>
    byStream.get(`${category}-${orderId}`)?.find(({ event }) => event.type === type);
  const accepted = first('order', 'OrderAccepted')?.event as EventNamed<'OrderAccepted'> | undefined;
  const scheduled = first('shipment', 'ShipmentScheduled')?.event as EventNamed<'ShipmentScheduled'> | undefined;
  const declined = first('payment', 'PaymentDeclined');
  const cancelled = first('shipment', 'ShipmentCancelled');
  const isDeadline = (stored: StoredEvent | undefined): boolean =>
    stored !== undefined && 'reason' in stored.event.data && /deadline/i.test(String(stored.event.data.reason));
  const paymentDeadlineMs = Date.parse(accepted?.data.acceptedAt ?? '') + deadlines.payment;
  const isUntried = isDeadline(declined) && (askedAtMs ?? 0) < paymentDeadlineMs;
  return [
    ...(isUntried ? [{ what: 'the payment was given up without having been asked for after its deadline', orderId }] : []),
    ...early('payment', isDeadline(declined) ? declined : undefined, Date.parse(accepted?.data.acceptedAt ?? ''), deadlines.payment),
    ...early('shipment', isDeadline(cancelled) ? cancelled : undefined, Date.parse(scheduled?.data.scheduledAt ?? ''), deadlines.dispatch),
  ];
}

/** Never below zero, nothing held at the end, and what left or came back is what the orders say. */
function ofStock(stream: string, events: readonly StoredEvent[], byStream: ReadonlyMap<string, readonly StoredEvent[]>): Violation[] {
  const sku = idOf(stream);
  const open = new Map<string, number>();
  let [onHand, reserved, gone] = [0, 0, 0];
  const found: Violation[] = [];
  for (const { event } of events as readonly StoredEvent<EventOf<'stock'>>[]) {
    const { quantity } = event.data;
    if (event.type === 'StockReceived') onHand += quantity;
    if (event.type === 'StockReserved' || event.type === 'StockRefused') open.set(event.data.orderId, quantity);
    if (event.type === 'StockReserved') reserved += quantity;
    if (event.type === 'StockReleased' || event.type === 'StockIssued') {
      open.delete(event.data.orderId);
      reserved -= quantity;
    }
    if (event.type === 'StockIssued') [onHand, gone] = [onHand - quantity, gone + quantity];
    if (event.type === 'StockReturned') [onHand, gone] = [onHand + quantity, gone - quantity];
    if (onHand - reserved < 0) found.push({ what: `${sku} is below zero`, orderId: 'orderId' in event.data ? event.data.orderId : null });
  }
  for (const orderId of open.keys()) found.push({ what: `${sku} is still held, or refused, for an order that ended`, orderId });
  const out = goneByOrders(sku, byStream);
  if (out !== gone) found.push({ what: `${gone} of ${sku} have left, and by the orders ${out}`, orderId: null });
  return found;
}

/** The units in the orders whose goods are out. */
function goneByOrders(sku: string, byStream: ReadonlyMap<string, readonly StoredEvent[]>): number {
  let units = 0;
  for (const events of byStream.values()) {
    const [placed, end] = [events[0], events.at(-1)].map((stored) => stored?.event as EventOf<'order'>);
    if (placed?.type !== 'OrderPlaced' || ended[standingAfter(end!) ?? '']?.goods !== 'out') continue;
    units += placed.data.lines.filter((line) => line.sku === sku).reduce((sum, { quantity }) => sum + quantity, 0);
  }
  return units;
}

/** Every row is what its stream adds up to, from the beginning. */
function ofModel({ table, rows }: SimulatedTable, events: readonly StoredEvent[]): Violation[] {
  const expected: RowsInMemory = new Map();
  table.project(expected, events);
  const text = (among: RowsInMemory, key: string): string | undefined => (among.has(key) ? JSON.stringify(among.get(key)) : undefined);
  const wrong = [...new Set([...expected.keys(), ...rows.keys()])].filter((key) => text(expected, key) !== text(rows, key));
  return wrong.map((key) => ({
    what: `${table.name}: the row ${key} is ${text(rows, key) ?? 'missing'}, and should be ${text(expected, key) ?? 'absent'}`,
    orderId: key,
  }));
}

function idOf(stream: string): string {
  return stream.slice(stream.indexOf('-') + 1);
}
