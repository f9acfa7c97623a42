import { isRejected } from '@orderstream/event-sourcing';
import { given } from '@orderstream/event-sourcing/testing';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ShipmentCommand, type ShipmentEvent, type ShipmentRejection, shipmentDecider } from './shipment.decider.ts';

const at = '2026-01-01T00:00:00.000Z';
const orderId = '11111111-1111-4111-8111-111111111111';
const customerId = '22222222-2222-4222-8222-222222222222';
const lines = [{ sku: 'LAMP', quantity: 2 }];
const schedule: ShipmentCommand = { type: 'ScheduleShipment', orderId, customerId, lines, recipient: 'sealed', at };
const dispatch = (trackingNumber = 'T1'): ShipmentCommand => ({ type: 'DispatchShipment', orderId, carrier: 'DHL', trackingNumber, at });
const deliver: ShipmentCommand = { type: 'DeliverShipment', orderId, at };
const takeBack: ShipmentCommand = { type: 'ReturnShipment', orderId, at };
const cancel: ShipmentCommand = { type: 'CancelShipment', orderId, at };
const expire: ShipmentCommand = { type: 'ExpireShipment', orderId, at };
const scheduled: ShipmentEvent = { type: 'ShipmentScheduled', data: { orderId, customerId, lines, recipient: 'sealed', scheduledAt: at } };
const dispatched: ShipmentEvent = {
  type: 'ShipmentDispatched',
  data: { orderId, lines, carrier: 'DHL', trackingNumber: 'T1', dispatchedAt: at },
};
const recalled: ShipmentEvent = { type: 'ShipmentRecalled', data: { orderId, recalledAt: at } };
const delivered: ShipmentEvent = { type: 'ShipmentDelivered', data: { orderId, deliveredAt: at } };
const returned: ShipmentEvent = { type: 'ShipmentReturned', data: { orderId, lines, returnedAt: at } };
const cancelled = (reason: 'CUSTOMER' | 'DISPATCH_DEADLINE'): ShipmentEvent => ({
  type: 'ShipmentCancelled',
  data: { orderId, reason, cancelledAt: at },
});

/** Every way a shipment can have gone so far, by where it has got to. */
const ways: Record<string, ShipmentEvent[]> = {
  scheduled: [scheduled],
  dispatched: [scheduled, dispatched],
  recalled: [scheduled, dispatched, recalled],
  delivered: [scheduled, dispatched, delivered],
  'delivered in spite of its recall': [scheduled, dispatched, recalled, delivered],
  returned: [scheduled, dispatched, returned],
  'returned as it was recalled': [scheduled, dispatched, recalled, returned],
  'cancelled by the customer': [scheduled, cancelled('CUSTOMER')],
  'cancelled for its deadline': [scheduled, cancelled('DISPATCH_DEADLINE')],
};
const over = Object.entries(ways).slice(2);
const endings = Object.entries(ways).slice(3);

/** What a command leads to at each place: an event, nothing, or why not. */
function itAnswers(command: ShipmentCommand, answers: Record<string, ShipmentEvent | null | ShipmentRejection['type']>): void {
  it.each(Object.entries(answers))('that is %s', (place, answer) => {
    const asked = given(shipmentDecider, ...ways[place]!).when(command);
    if (answer === null) asked.then();
    else if (typeof answer === 'string') asked.thenRejected({ type: answer });
    else asked.then(answer);
  });
}

describe('A shipment', () => {
  it('is scheduled when the order is paid', () => given(shipmentDecider).when(schedule).then(scheduled));
  it.each(Object.entries(ways))('that is %s is not scheduled again', (_place, history) =>
    given(shipmentDecider, ...history)
      .when(schedule)
      .then(),
  );

  it('is handed to a carrier with all its lines', () => given(shipmentDecider, scheduled).when(dispatch()).then(dispatched));
  it('that nobody scheduled is not dispatched', () => given(shipmentDecider).when(dispatch()).thenRejected({ type: 'unknown-shipment' }));
  it.each(['dispatched', 'recalled', 'delivered', 'returned'])(
    'that is %s has left once, however often it is said, and keeps its tracking number',
    (place) => {
      given(shipmentDecider, ...ways[place]!)
        .when(dispatch())
        .then();
      given(shipmentDecider, ...ways[place]!)
        .when(dispatch('T2'))
        .thenRejected({ type: 'already-dispatched' });
    },
  );
  it.each(['cancelled by the customer', 'cancelled for its deadline'])('that is %s does not leave', (place) =>
    given(shipmentDecider, ...ways[place]!)
      .when(dispatch())
      .thenRejected({ type: 'already-cancelled' }),
  );

  it.each([deliver, takeBack])('that nobody scheduled neither arrives nor comes back', (command) =>
    given(shipmentDecider).when(command).thenRejected({ type: 'unknown-shipment' }),
  );
  it.each([cancel, expire])('that nobody scheduled is neither cancelled nor late', (command) =>
    given(shipmentDecider)
      .when(command)
      .thenThrows(/no shipment was ever scheduled for order 1111/),
  );
});

describe('The carrier says that it has delivered a shipment', () =>
  itAnswers(deliver, {
    scheduled: 'not-dispatched',
    dispatched: delivered,
    recalled: delivered,
    delivered: null,
    'delivered in spite of its recall': null,
    returned: 'already-returned',
    'returned as it was recalled': 'already-returned',
    'cancelled by the customer': 'already-cancelled',
    'cancelled for its deadline': 'already-cancelled',
  }));

describe('The carrier brings back a shipment', () =>
  itAnswers(takeBack, {
    scheduled: 'not-dispatched',
    dispatched: returned,
    recalled: returned,
    delivered: 'already-delivered',
    'delivered in spite of its recall': 'already-delivered',
    returned: null,
    'returned as it was recalled': null,
    'cancelled by the customer': 'already-cancelled',
    'cancelled for its deadline': 'already-cancelled',
  }));

describe('The customer wants no more of a shipment', () => {
  itAnswers(cancel, { scheduled: cancelled('CUSTOMER'), dispatched: recalled });
  it.each(over)('that is %s, which changes nothing', (_place, history) =>
    given(shipmentDecider, ...history)
      .when(cancel)
      .then(),
  );
});

describe('The deadline has passed for a shipment', () => {
  itAnswers(expire, { scheduled: cancelled('DISPATCH_DEADLINE'), dispatched: null });
  it.each(over)('that is %s, which changes nothing', (_place, history) =>
    given(shipmentDecider, ...history)
      .when(expire)
      .then(),
  );
});

const anyCommand = fc.constantFrom(schedule, dispatch(), dispatch('T2'), deliver, takeBack, cancel, expire);
const ENDS = ['ShipmentCancelled', 'ShipmentDelivered', 'ShipmentReturned'];

describe('Whatever is asked of a shipment', () => {
  it('it comes to one end at most, and nothing happens after that', () => {
    fc.assert(
      fc.property(fc.array(anyCommand, { maxLength: 20 }), (commands) => {
        let state = shipmentDecider.initialState;
        const recorded: string[] = [];
        for (const command of [schedule, ...commands]) {
          const decision = shipmentDecider.decide(command, state);
          if (isRejected(decision)) continue;
          recorded.push(...decision.map((event) => event.type));
          state = decision.reduce((folded, event) => shipmentDecider.evolve(folded, event), state);
          const again = shipmentDecider.decide(command, state);
          expect(isRejected(again) ? again : again.length).toBe(0);
        }
        const ended = recorded.findIndex((type) => ENDS.includes(type));
        expect(recorded.slice(ended === -1 ? recorded.length : ended + 1)).toEqual([]);
        expect(new Set(recorded).size).toBe(recorded.length);
        const order = ['ShipmentScheduled', 'ShipmentDispatched', 'ShipmentRecalled', ...ENDS];
        expect(recorded.toSorted((one, other) => order.indexOf(one) - order.indexOf(other))).toEqual(recorded);
      }),
    );
  });

  it('a shipment that ended answers every command without an event', () => {
    fc.assert(
      fc.property(fc.constantFrom(...endings), anyCommand, ([, history], command) => {
        const state = history.reduce((folded, event) => shipmentDecider.evolve(folded, event), shipmentDecider.initialState);
        const decision = shipmentDecider.decide(command, state);
        expect(isRejected(decision) ? [] : decision).toEqual([]);
      }),
    );
  });
});
