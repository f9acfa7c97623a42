import type { EventOf, Line } from '@orderstream/contracts';
import type { Decider } from '@orderstream/event-sourcing';

export type ShipmentCommand =
  | {
      readonly type: 'ScheduleShipment';
      readonly orderId: string;
      readonly customerId: string;
      readonly lines: readonly Line[];
      /** Name and address, encrypted under the customer's key. */
      readonly recipient: string;
      readonly at: string;
    }
  | {
      readonly type: 'DispatchShipment';
      readonly orderId: string;
      readonly carrier: string;
      readonly trackingNumber: string;
      readonly at: string;
    }
  | { readonly type: 'DeliverShipment'; readonly orderId: string; readonly at: string };

export type ShipmentEvent = EventOf<'shipment'>;

export type ShipmentState =
  | { readonly status: 'none' }
  | { readonly status: 'scheduled'; readonly lines: readonly Line[] }
  | { readonly status: 'dispatched'; readonly carrier: string; readonly trackingNumber: string }
  | { readonly status: 'delivered'; readonly carrier: string; readonly trackingNumber: string };

export type ShipmentRejection =
  | { readonly type: 'unknown-shipment' }
  | { readonly type: 'not-dispatched' }
  | { readonly type: 'already-dispatched' };

export const shipmentDecider: Decider<ShipmentState, ShipmentCommand, ShipmentEvent, ShipmentRejection> = {
  category: 'shipment',
  initialState: { status: 'none' },

  decide(command, state) {
    const { orderId, at } = command;
    switch (command.type) {
      case 'ScheduleShipment': {
        const { customerId, lines, recipient } = command;
        if (state.status !== 'none') return [];
        return [{ type: 'ShipmentScheduled', data: { orderId, customerId, lines, recipient, scheduledAt: at } }];
      }
      case 'DispatchShipment': {
        const { carrier, trackingNumber } = command;
        switch (state.status) {
          case 'none':
            return { rejection: { type: 'unknown-shipment' } };
          case 'scheduled':
            return [{ type: 'ShipmentDispatched', data: { orderId, lines: state.lines, carrier, trackingNumber, dispatchedAt: at } }];
          case 'dispatched':
          case 'delivered': {
            const recorded = state.carrier === carrier && state.trackingNumber === trackingNumber;
            return recorded ? [] : { rejection: { type: 'already-dispatched' } };
          }
          default:
            return state satisfies never;
        }
      }
      case 'DeliverShipment':
        switch (state.status) {
          case 'none':
            return { rejection: { type: 'unknown-shipment' } };
          case 'scheduled':
            return { rejection: { type: 'not-dispatched' } };
          case 'dispatched':
            return [{ type: 'ShipmentDelivered', data: { orderId, deliveredAt: at } }];
          case 'delivered':
            return [];
          default:
            return state satisfies never;
        }
      default:
        return command satisfies never;
    }
  },

  evolve(state, event) {
    switch (event.type) {
      case 'ShipmentScheduled':
        return { status: 'scheduled', lines: event.data.lines };
      case 'ShipmentDispatched':
        return { status: 'dispatched', carrier: event.data.carrier, trackingNumber: event.data.trackingNumber };
      case 'ShipmentDelivered':
        if (state.status !== 'dispatched') throw new Error(`${state.status} goods can't have been delivered`);
        return { ...state, status: 'delivered' };
      default:
        return event satisfies never;
    }
  },
};
