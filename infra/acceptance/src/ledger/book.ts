import type { EventOf, Money } from '@orderstream/contracts';
import { type StoredEvent, unreachable } from '@orderstream/event-sourcing';
import { type Discrepancy, type Row, compareRows } from './discrepancy.ts';

/** One operation in the payment provider's own book. */
export interface BookEntry {
  readonly id: string;
  /** The order. */
  readonly reference: string;
  readonly kind: 'authorisation' | 'capture' | 'void' | 'refund';
  readonly outcome: 'succeeded' | 'refused';
  /** Of a void: what it released, 0 when nothing was held. */
  readonly amount: Money;
}

type PaymentEvent = EventOf<'payment'>;

/** The reasons for declining a payment without the provider's answer. */
const NOBODYS_ANSWER: ReadonlySet<string> = new Set(['deadline', 'cancelled']);

/** The provider did what the payment streams say: each operation once, and in the end the same money held and taken. */
export function checkBook(events: readonly StoredEvent[], book: readonly BookEntry[]): Discrepancy[] {
  const payments = events.filter(({ stream }) => stream.startsWith('payment-')).map(({ event }) => event as PaymentEvent);
  return [...checkOperations(payments, book), ...checkBalances(payments, book)];
}

function checkOperations(payments: readonly PaymentEvent[], book: readonly BookEntry[]): Discrepancy[] {
  const expected = new Map(payments.map(operationOf).filter((operation) => operation !== null));
  const actual = new Map<string, Row>();
  const repeated: Discrepancy[] = [];
  for (const { reference, kind, ...row } of book) {
    const key = `${kind} of ${reference}`;
    if (actual.has(key)) repeated.push({ check: 'provider', subject: key, detail: 'the provider did it more than once' });
    // An authorisation whose answer came too late is voided, and no event mentions either: the balance covers that.
    const mayBeUntold = kind === 'authorisation' || kind === 'void';
    if (expected.has(key) || !mayBeUntold) actual.set(key, row);
  }
  return [...repeated, ...compareRows('provider', expected, actual)];
}

/** What the provider must have done for an event to be true; null when that is nothing in particular. */
function operationOf({ type, data }: PaymentEvent): [key: string, row: Row] | null {
  const { orderId } = data;
  switch (type) {
    case 'PaymentAuthorised':
      return [`authorisation of ${orderId}`, { outcome: 'succeeded', id: data.authorisationId, amount: data.amount }];
    case 'PaymentCaptured':
      return [`capture of ${orderId}`, { outcome: 'succeeded', id: data.captureId, amount: data.amount }];
    case 'PaymentCaptureFailed':
      return [`capture of ${orderId}`, { outcome: 'refused' }];
    case 'PaymentVoided':
      return [`void of ${orderId}`, { outcome: 'succeeded', id: data.voidId, amount: data.amount }];
    case 'PaymentRefunded':
      return [`refund of ${orderId}`, { outcome: 'succeeded', id: data.refundId, amount: data.amount }];
    case 'PaymentDeclined':
      return NOBODYS_ANSWER.has(data.reason) ? null : [`authorisation of ${orderId}`, { outcome: 'refused' }];
    case 'PaymentRequested':
      return null;
    default:
      return unreachable(type);
  }
}

interface Balance {
  /** Minor units that the provider keeps for us on the customer's account. */
  readonly held: number;
  /** Minor units that are ours. */
  readonly taken: number;
}

const nothing: Balance = { held: 0, taken: 0 };

function checkBalances(payments: readonly PaymentEvent[], book: readonly BookEntry[]): Discrepancy[] {
  const expected = new Map<string, Row>();
  for (const event of payments) expected.set(`money of ${event.data.orderId}`, { ...balanceAfter(event) });
  const actual = new Map<string, Row>([...expected.keys()].map((key) => [key, { ...nothing }]));
  for (const { reference, kind, outcome, amount } of book) {
    if (outcome === 'refused') continue;
    const key = `money of ${reference}`;
    const before = (actual.get(key) ?? nothing) as Balance & Row;
    const change = changes[kind](amount.amount);
    actual.set(key, { held: before.held + change.held, taken: before.taken + change.taken });
  }
  return compareRows('provider', expected, actual);
}

const changes: Readonly<Record<BookEntry['kind'], (amount: number) => Balance>> = {
  authorisation: (amount) => ({ held: amount, taken: 0 }),
  capture: (amount) => ({ held: -amount, taken: amount }),
  void: (amount) => ({ held: -amount, taken: 0 }),
  refund: (amount) => ({ held: 0, taken: -amount }),
};

/** What a payment stream that ends with this event says about the customer's money. */
function balanceAfter({ type, data }: PaymentEvent): Balance {
  switch (type) {
    case 'PaymentAuthorised':
    case 'PaymentCaptureFailed':
      return { held: data.amount.amount, taken: 0 };
    case 'PaymentCaptured':
      return { held: 0, taken: data.amount.amount };
    case 'PaymentRequested':
    case 'PaymentDeclined':
    case 'PaymentVoided':
    case 'PaymentRefunded':
      return nothing;
    default:
      return unreachable(type);
  }
}
