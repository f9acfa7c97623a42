import { randomUUID } from 'node:crypto';
import { type EventType, type Reaction, reactions, streams } from '@orderstream/contracts';
import { derivedId } from '@orderstream/event-sourcing';
import { InMemoryEventStore } from '@orderstream/event-sourcing/testing';
import { delivered } from '@orderstream/messaging/testing';
import { expect, it } from 'vitest';
import { triggersIn } from './reservations.reactor.ts';
import { settleReservations } from './reservations.ts';

const STAGES = ['placed', 'accepted', 'paid', 'shipped'] as const;
const COMMANDS = ['ReserveStock', 'ReleaseStock', 'IssueStock', 'ReturnStock'];
const lines = [{ sku: 'LAMP', quantity: 1 }];

const told = (orderId: string, type: EventType, stage?: string): Parameters<typeof triggersIn>[0][number] =>
  delivered({ type, data: { orderId, lines, stage } } as never);

/** What happens to the stock on an event, after all that must have happened before it. */
async function commandsOn(type: EventType, stage?: string): Promise<string[]> {
  const store = new InMemoryEventStore();
  const orderId = randomUUID();
  const event = told(orderId, type, stage);
  const before: EventType[] = type === 'OrderPlaced' ? [] : ['OrderPlaced'];
  if (type === 'ShipmentReturned') before.push('ShipmentDispatched');
  const received = { type: 'StockReceived', data: { sku: 'LAMP', receiptId: randomUUID(), quantity: 5 } };
  const metadata = { schemaVersion: 1, $correlationId: 'flow', $causationId: 'cause' };
  await store.append('stock-LAMP', [{ id: randomUUID(), event: received, metadata }], 'no_stream');
  await settleReservations(store, triggersIn(before.map((earlier) => told(orderId, earlier))));
  const known = store.all.length;
  await settleReservations(store, triggersIn([event]));
  const ids = new Set(store.all.slice(known).map(({ id }) => id));
  return COMMANDS.filter((command) => ids.has(derivedId(event.id, 'stock-LAMP', command, '0')));
}

it('stock reacts to what the platform’s table of reactions says, and to nothing else', async () => {
  const table: Reaction[] = [];
  for (const on of [...streams.order.events, ...streams.shipment.events]) {
    if (on === 'OrderCancelled') continue;
    for (const command of await commandsOn(on)) table.push({ service: 'inventory-service', on, command, of: 'stock' });
  }
  for (const command of COMMANDS) {
    const stages = [];
    for (const stage of STAGES) if ((await commandsOn('OrderCancelled', stage)).includes(command)) stages.push(stage);
    if (stages.length > 0) table.push({ service: 'inventory-service', on: 'OrderCancelled', stages, command, of: 'stock' });
  }
  const byEvent = (one: Reaction, other: Reaction): number => one.on.localeCompare(other.on);
  expect(table.sort(byEvent)).toEqual(reactions.filter(({ service }) => service === 'inventory-service').sort(byEvent));
});

it.each(['paid', 'shipped'])('an order that is cancelled when it is %s is left to its shipment', (stage) => {
  expect(triggersIn([told(randomUUID(), 'OrderCancelled', stage)])).toEqual([]);
});
