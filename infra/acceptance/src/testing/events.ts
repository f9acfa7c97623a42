import { type EventType, streams } from '@orderstream/contracts';
import type { StoredEvent } from '@orderstream/event-sourcing';

export const ORDER = '01890a5d-ac96-774b-bcce-b302099a8057';
export const MONEY = { amount: 500, currency: 'EUR' } as const;
const AT = '2026-01-01T00:00:00.000Z';

const lines = [{ sku: 'A', quantity: 2, unitPrice: { amount: 250, currency: 'EUR' } }];
const ids = { orderId: ORDER, customerId: ORDER, authorisationId: 'auth_1', captureId: 'cap_1', voidId: 'void_1', refundId: 'ref_1' };
const instants = [
  'placed',
  'accepted',
  'paid',
  'shipped',
  'delivered',
  'rejected',
  'requested',
  'cancelled',
  'changed',
  'received',
  'reserved',
  'refused',
  'released',
  'issued',
  'returned',
  'confirmed',
  'fulfilled',
  'authorised',
  'declined',
  'captured',
  'failed',
  'voided',
  'refunded',
  'scheduled',
  'dispatched',
  'recalled',
].map((happened) => [`${happened}At`, AT]);
/** The data of all events of an order, whichever each needs. */
const usual = {
  ...ids,
  sku: 'A',
  quantity: 2,
  lines,
  total: MONEY,
  amount: MONEY,
  trackingNumber: 'BV-1',
  ...Object.fromEntries(instants),
};

/** An event by its type, with the data that matters. */
export type Told = EventType | readonly [type: EventType, data: object];

/** Stored events of one order and of stock A, each at the next revision of its stream. */
export function story(...told: readonly Told[]): StoredEvent[] {
  const next = new Map<string, number>();
  return told.map((each): StoredEvent => {
    const [type, data] = typeof each === 'string' ? [each, {}] : each;
    const stream = streamOf(type);
    const revision = next.get(stream) ?? 0;
    next.set(stream, revision + 1);
    return {
      id: `${stream}@${revision}`,
      stream,
      revision,
      event: { type, data: { ...usual, ...data } },
      metadata: { schemaVersion: 1, $correlationId: 'c', $causationId: 'c' },
      recordedAt: AT,
    };
  });
}

function streamOf(type: EventType): string {
  const [category] = Object.entries(streams).find(([, { events }]) => (events as readonly EventType[]).includes(type))!;
  return `${category}-${category === 'stock' ? 'A' : ORDER}`;
}
