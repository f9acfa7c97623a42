import type { EventNamed } from '@orderstream/contracts';
import type { StoredEvent } from '@orderstream/event-sourcing';
import { type Offence, type Row, compareRows } from './offence.ts';

/** One operation in the payment provider's own book. */
export interface BookEntry {
  readonly reference: string;
  readonly kind: 'authorisation' | 'capture';
  readonly outcome: 'succeeded' | 'refused';
  readonly amount: { readonly amount: number; readonly currency: string };
}

/** What the provider did is what the payment streams say: per order and operation, once. */
export function checkBook(facts: readonly StoredEvent[], book: readonly BookEntry[]): Offence[] {
  const expected = new Map<string, Row>();
  for (const { event } of facts) {
    const operation = operationOf(event as EventNamed<'PaymentAuthorised' | 'PaymentDeclined' | 'PaymentCaptured' | 'PaymentCaptureFailed'>);
    if (operation !== null) expected.set(operation.key, operation.row);
  }
  const actual = new Map<string, Row>();
  const offences: Offence[] = [];
  for (const { reference, kind, outcome, amount } of book) {
    const key = `${kind} of ${reference}`;
    if (actual.has(key)) offences.push({ check: 'provider', subject: key, detail: 'the provider did it more than once' });
    actual.set(key, outcome === 'succeeded' ? { outcome, amount } : { outcome });
  }
  return [...offences, ...compareRows('provider', expected, actual)];
}

function operationOf(
  event: EventNamed<'PaymentAuthorised' | 'PaymentDeclined' | 'PaymentCaptured' | 'PaymentCaptureFailed'>,
): { key: string; row: Row } | null {
  const { orderId } = event.data;
  switch (event.type) {
    case 'PaymentAuthorised':
      return { key: `authorisation of ${orderId}`, row: { outcome: 'succeeded', amount: event.data.amount } };
    case 'PaymentDeclined':
      return { key: `authorisation of ${orderId}`, row: { outcome: 'refused' } };
    case 'PaymentCaptured':
      return { key: `capture of ${orderId}`, row: { outcome: 'succeeded', amount: event.data.amount } };
    case 'PaymentCaptureFailed':
      return { key: `capture of ${orderId}`, row: { outcome: 'refused' } };
    default:
      return null;
  }
}
