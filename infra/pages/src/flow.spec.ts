import { randomUUID } from 'node:crypto';
import { handleCommands } from '@orderstream/event-sourcing';
import { InMemoryEventStore } from '@orderstream/event-sourcing/testing';
import { stockDecider } from '@orderstream/inventory-service/domain/stock.decider';
import { type ReservationTrigger, settleReservations } from '@orderstream/inventory-service/reservations';
import { expect, it } from 'vitest';
import { outcomesOf } from './flow.ts';
import { stockCommands } from './samples.ts';

const at = '2026-01-02T03:04:05.678Z';
const [{ sku, orderId }] = stockCommands.ReserveStock;
const lines = [{ sku, quantity: 1, unitPrice: { amount: 1_000, currency: 'EUR' } }];

const data = {
  OrderPlaced: { orderId, lines, placedAt: at },
  OrderRejected: { orderId, rejectedAt: at },
  ShipmentDispatched: { orderId, dispatchedAt: at },
  ShipmentReturned: { orderId, returnedAt: at },
};

/** What the last of these events leads to in inventory's own code, with this much in stock. */
async function consequences(quantity: number, ...events: readonly (keyof typeof data)[]): Promise<string[]> {
  const store = new InMemoryEventStore();
  const received = { ...stockCommands.ReceiveStock[0], quantity };
  const cause = { id: randomUUID(), reaction: received.type, correlationId: randomUUID() };
  await handleCommands(store, stockDecider, sku, [{ command: received, cause }], { schemaVersion: () => 1 });
  let before = 0;
  for (const type of events) {
    before = store.all.length;
    const trigger = { id: randomUUID(), event: { type, data: data[type] }, correlationId: cause.correlationId };
    await settleReservations(store, [trigger as unknown as ReservationTrigger]);
  }
  return store.all
    .slice(before)
    .map(({ event }) => event.type)
    .toSorted();
}

it.each([
  ['ReserveStock', [consequences(1, 'OrderPlaced'), consequences(0, 'OrderPlaced')]],
  ['ReleaseStock', [consequences(1, 'OrderPlaced', 'OrderRejected'), consequences(0, 'OrderPlaced', 'OrderRejected')]],
  ['IssueStock', [consequences(1, 'OrderPlaced', 'ShipmentDispatched')]],
  ['ReturnStock', [consequences(1, 'OrderPlaced', 'ShipmentDispatched', 'ShipmentReturned')]],
] as const)('what the flow says of %s is what inventory does', async (command, done) => {
  const told = outcomesOf(command, 'stock').map(({ events }) => events.map(({ type }) => type).toSorted());
  expect(told).toEqual(await Promise.all(done));
});
