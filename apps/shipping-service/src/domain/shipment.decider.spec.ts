import { isRejected } from '@orderstream/event-sourcing';
import { given } from '@orderstream/event-sourcing/testing';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ShipmentCommand, type ShipmentEvent, shipmentDecider } from './shipment.decider.ts';

const at = '2026-01-01T00:00:00.000Z';
const orderId = '11111111-1111-4111-8111-111111111111';
const customerId = '22222222-2222-4222-8222-222222222222';
const lines = [{ sku: 'LAMP', quantity: 2 }];
const schedule: ShipmentCommand = { type: 'ScheduleShipment', orderId, customerId, lines, recipient: 'sealed', at };
const dispatch = (trackingNumber = 'T1'): ShipmentCommand => ({ type: 'DispatchShipment', orderId, carrier: 'DHL', trackingNumber, at });
const deliver: ShipmentCommand = { type: 'DeliverShipment', orderId, at };
const scheduled: ShipmentEvent = { type: 'ShipmentScheduled', data: { orderId, customerId, lines, recipient: 'sealed', scheduledAt: at } };
const dispatched: ShipmentEvent = { type: 'ShipmentDispatched', data: { orderId, lines, carrier: 'DHL', trackingNumber: 'T1', dispatchedAt: at } };
const delivered: ShipmentEvent = { type: 'ShipmentDelivered', data: { orderId, deliveredAt: at } };

describe('A shipment', () => {
  it('is scheduled when the order is paid', () => given(shipmentDecider).when(schedule).then(scheduled));
  it.each([
    ['scheduled', [scheduled]],
    ['dispatched', [scheduled, dispatched]],
    ['delivered', [scheduled, dispatched, delivered]],
  ])('that is %s is not scheduled again', (_status, history) => given(shipmentDecider, ...history).when(schedule).then());

  it('is handed to a carrier with all its lines', () => given(shipmentDecider, scheduled).when(dispatch()).then(dispatched));
  it('that nobody scheduled is not dispatched', () => given(shipmentDecider).when(dispatch()).thenRejected({ type: 'unknown-shipment' }));
  it('is dispatched once, however often it is said', () => {
    given(shipmentDecider, scheduled, dispatched).when(dispatch()).then();
    given(shipmentDecider, scheduled, dispatched, delivered).when(dispatch()).then();
  });
  it('keeps the tracking number it left with', () =>
    given(shipmentDecider, scheduled, dispatched).when(dispatch('T2')).thenRejected({ type: 'already-dispatched' }));

  it('arrives', () => given(shipmentDecider, scheduled, dispatched).when(deliver).then(delivered));
  it('arrives once, however often it is said', () => given(shipmentDecider, scheduled, dispatched, delivered).when(deliver).then());
  it('that has not left can not arrive', () => given(shipmentDecider, scheduled).when(deliver).thenRejected({ type: 'not-dispatched' }));
  it('that nobody scheduled can not arrive', () => given(shipmentDecider).when(deliver).thenRejected({ type: 'unknown-shipment' }));

  it('goes its way once, in order, whatever is asked of it', () => {
    const anyCommand = fc.constantFrom(schedule, dispatch(), dispatch('T2'), deliver);
    fc.assert(
      fc.property(fc.array(anyCommand, { maxLength: 20 }), (commands) => {
        let state = shipmentDecider.initialState;
        const recorded: string[] = [];
        for (const command of commands) {
          const decision = shipmentDecider.decide(command, state);
          if (isRejected(decision)) continue;
          recorded.push(...decision.map((event) => event.type));
          state = decision.reduce((folded, event) => shipmentDecider.evolve(folded, event), state);
          expect(shipmentDecider.decide(command, state)).toEqual([]);
        }
        expect(['ShipmentScheduled', 'ShipmentDispatched', 'ShipmentDelivered'].slice(0, recorded.length)).toEqual(recorded);
      }),
    );
  });
});
