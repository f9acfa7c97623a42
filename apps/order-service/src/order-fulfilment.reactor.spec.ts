import { type EventOn, type EventType, reactions, streams } from '@orderstream/contracts';
import type { DeliveredEvent, Parking } from '@orderstream/messaging';
import { ParkingInMemory, batchOf, delivered } from '@orderstream/messaging/testing';
import type { ParkingTable } from '@orderstream/postgres';
import { describe, expect, it } from 'vitest';
import { OrderFulfilmentReactor, toOrderCommand } from './order-fulfilment.reactor.ts';

type FulfilmentEvent = EventOn<'inventory'> | EventOn<'payments'> | EventOn<'shipments'>;

const orderId = '0b5f2c6e-3f55-4a53-9c6e-7a4de7f0a001';

const told = (type: EventType): DeliveredEvent<FulfilmentEvent> =>
  delivered({ type, data: { orderId, shortSkus: ['TEA'] } } as never, { id: 'cause' });

const heard = Object.values(streams)
  .filter((stream) => stream.topic === 'inventory' || stream.topic === 'payments' || stream.topic === 'shipments')
  .flatMap((stream): readonly EventType[] => stream.events);
const own = reactions
  .filter((reaction) => reaction.service === 'order-service')
  .map(({ service, on, command }) => ({ service, on, command }));

describe('order fulfilment', () => {
  it('does what the platform’s table of reactions says, and nothing else', () => {
    const done = heard.flatMap((on) => {
      const command = toOrderCommand(told(on))?.command.type;
      return command === undefined ? [] : [{ service: 'order-service', on, command }];
    });
    const byEvent = (a: { on: string }, b: { on: string }): number => a.on.localeCompare(b.on);
    expect(done.toSorted(byEvent)).toEqual(own.toSorted(byEvent));
  });

  it('asks the order that the event is about, under an id that a redelivery has too', () => {
    const envelope = toOrderCommand(told('ReservationConfirmed'));
    expect(envelope).toMatchObject({
      id: orderId,
      cause: { id: 'cause', reaction: 'AcceptOrder', correlationId: 'flow' },
    });
    expect(toOrderCommand(told('ReservationConfirmed'))).toEqual(envelope);
  });

  it('says why, and when, a shipment came to nothing', () => {
    const at = '2026-01-02T03:04:05.006Z';
    for (const reason of ['CUSTOMER', 'DISPATCH_DEADLINE']) {
      const event = { type: 'ShipmentCancelled', data: { orderId, reason, cancelledAt: at } } as const;
      expect(toOrderCommand({ ...delivered('ShipmentCancelled'), event })?.command).toEqual({ type: 'MarkOrderCancelled', reason, at });
    }
    const event = { type: 'ShipmentReturned', data: { orderId, lines: [], returnedAt: at } } as const;
    expect(toOrderCommand({ ...delivered('ShipmentReturned'), event })?.command).toEqual({
      type: 'MarkOrderCancelled',
      reason: 'RETURNED',
      at,
    });
  });

  it('sets aside what an order refuses although it has happened', async () => {
    const parking = new ParkingInMemory();
    const refused = { ok: false, rejection: { type: 'order-cancelled' }, state: { status: 'none' }, revision: null } as const;
    const reactor = new OrderFulfilmentReactor({ execute: async () => [refused] }, parking as Parking as ParkingTable);
    const confirmed = told('ReservationConfirmed') as DeliveredEvent<EventOn<'inventory'>>;
    await reactor.onInventory(batchOf({ group: 'g', topic: 'inventory', partition: 0 }, [confirmed]));
    expect(parking.story).toEqual(['any/0: what has happened was refused: order-cancelled']);
  });
});
