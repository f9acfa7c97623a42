import { type EventOn, type EventType, reactions, streams } from '@orderstream/contracts';
import type { Parking } from '@orderstream/messaging';
import { ParkingInMemory, batchOf, delivered } from '@orderstream/messaging/testing';
import type { ParkingTable } from '@orderstream/postgres';
import { expect, it } from 'vitest';
import { ShipmentSchedulingReactor, toShipmentCommand } from './shipment-scheduling.reactor.ts';

const orderId = '0b5f2c6e-3f55-4a53-9c6e-7a4de7f0a001';
const customerId = '0b5f2c6e-3f55-4a53-9c6e-7a4de7f0a002';
const paidAt = '2026-01-02T03:04:05.006Z';
const requestedAt = '2026-01-03T00:00:00.000Z';
const lines = [{ sku: 'TEA', quantity: 2 }];

const told = (type: EventType): Parameters<typeof toShipmentCommand>[0] =>
  delivered({ type, data: { orderId, customerId, lines, recipient: 'sealed', paidAt, requestedAt } } as never, { id: 'cause' });

it('shipments react to what the platform’s table of reactions says, and to nothing else', () => {
  const done = streams.order.events.flatMap((on) => {
    const command = toShipmentCommand(told(on))?.command.type;
    return command === undefined ? [] : [{ service: 'shipping-service', on, command, of: 'shipment' }];
  });
  expect(done).toEqual(reactions.filter((reaction) => reaction.service === 'shipping-service'));
});

it('a shipment is scheduled with what was paid for, and to whom it goes', () => {
  expect(toShipmentCommand(told('OrderPaid'))).toEqual({
    id: orderId,
    command: { type: 'ScheduleShipment', orderId, customerId, lines, recipient: 'sealed', at: paidAt },
    cause: { id: 'cause', reaction: 'ScheduleShipment', correlationId: 'flow', traceparent: undefined },
  });
});

it('a shipment is cancelled as of when the customer wanted it', () => {
  expect(toShipmentCommand(told('OrderCancellationRequested'))).toEqual({
    id: orderId,
    command: { type: 'CancelShipment', orderId, at: requestedAt },
    cause: { id: 'cause', reaction: 'CancelShipment', correlationId: 'flow', traceparent: undefined },
  });
});

it('a paid order whose shipment is refused is set aside, not lost', async () => {
  const parking = new ParkingInMemory();
  const refused = { ok: false, rejection: { type: 'already-cancelled' }, state: { status: 'none' }, revision: null } as const;
  const reactor = new ShipmentSchedulingReactor({ execute: async () => [refused] }, parking as Parking as ParkingTable);
  const paid = delivered<EventOn<'orders'>>({ type: 'OrderPaid', data: { orderId, customerId, lines, recipient: 'sealed', paidAt } });
  await reactor.onOrders(batchOf({ group: 'g', topic: 'orders', partition: 0 }, [paid]));
  expect(parking.story).toEqual(['any/0: what has happened was refused: already-cancelled']);
});
