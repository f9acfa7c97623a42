import type { EventOf, Line } from '@orderstream/contracts';
import { type Decider, type Decision, unreachable } from '@orderstream/event-sourcing';

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
  | { readonly type: 'DeliverShipment'; readonly orderId: string; readonly at: string }
  /** The goods came back: because they were recalled, or because nobody took them. */
  | { readonly type: 'ReturnShipment'; readonly orderId: string; readonly at: string }
  /** The customer no longer wants the order. Goods that have left are recalled, and may arrive all the same. */
  | { readonly type: 'CancelShipment'; readonly orderId: string; readonly at: string }
  /** The goods should have left by now. */
  | { readonly type: 'ExpireShipment'; readonly orderId: string; readonly at: string };

export type ShipmentEvent = EventOf<'shipment'>;

interface Parcel {
  readonly carrier: string;
  readonly trackingNumber: string;
}

export type CancellationReason = 'CUSTOMER' | 'DISPATCH_DEADLINE';

export type ShipmentState =
  | { readonly status: 'none' }
  | { readonly status: 'scheduled'; readonly lines: readonly Line[] }
  | ({ readonly status: 'dispatched'; readonly lines: readonly Line[] } & Parcel)
  | ({ readonly status: 'recalled'; readonly lines: readonly Line[] } & Parcel)
  | ({ readonly status: 'delivered' } & Parcel)
  | ({ readonly status: 'returned' } & Parcel)
  | { readonly status: 'cancelled'; readonly reason: string };

export type ShipmentRejection =
  | { readonly type: 'unknown-shipment' }
  | { readonly type: 'not-dispatched' }
  | { readonly type: 'already-dispatched' }
  | { readonly type: 'already-cancelled' }
  | { readonly type: 'already-delivered' }
  | { readonly type: 'already-returned' };

type ShipmentDecision = Decision<ShipmentEvent, ShipmentRejection>;

/** Answers whether the goods of a paid order leave, and whether those that left arrive or come back. */
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
      case 'DispatchShipment':
        return dispatch(command, state);
      case 'DeliverShipment':
        return end(state, 'delivered', () => ({ type: 'ShipmentDelivered', data: { orderId, deliveredAt: at } }));
      case 'ReturnShipment':
        return end(state, 'returned', (lines) => ({ type: 'ShipmentReturned', data: { orderId, lines, returnedAt: at } }));
      case 'CancelShipment':
        return cancelOrRecall(command, scheduledOnce(command, state));
      case 'ExpireShipment':
        return scheduledOnce(command, state).status === 'scheduled' ? [cancelled(orderId, 'DISPATCH_DEADLINE', at)] : [];
      default:
        return unreachable(command);
    }
  },

  evolve(state, event) {
    switch (event.type) {
      case 'ShipmentScheduled':
        return { status: 'scheduled', lines: event.data.lines };
      case 'ShipmentDispatched': {
        const { lines, carrier, trackingNumber } = event.data;
        return { status: 'dispatched', lines, carrier, trackingNumber };
      }
      case 'ShipmentCancelled':
        return { status: 'cancelled', reason: event.data.reason };
      case 'ShipmentRecalled':
        return { ...onItsWay(state), status: 'recalled' };
      case 'ShipmentDelivered': {
        const { carrier, trackingNumber } = onItsWay(state);
        return { status: 'delivered', carrier, trackingNumber };
      }
      case 'ShipmentReturned': {
        const { carrier, trackingNumber } = onItsWay(state);
        return { status: 'returned', carrier, trackingNumber };
      }
      default:
        return unreachable(event);
    }
  },
};

type Dispatch = Extract<ShipmentCommand, { readonly type: 'DispatchShipment' }>;

function dispatch({ orderId, carrier, trackingNumber, at }: Dispatch, state: ShipmentState): ShipmentDecision {
  switch (state.status) {
    case 'none':
      return { rejection: { type: 'unknown-shipment' } };
    case 'scheduled':
      return [{ type: 'ShipmentDispatched', data: { orderId, lines: state.lines, carrier, trackingNumber, dispatchedAt: at } }];
    case 'cancelled':
      return { rejection: { type: 'already-cancelled' } };
    case 'dispatched':
    case 'recalled':
    case 'delivered':
    case 'returned': {
      const isRecorded = state.carrier === carrier && state.trackingNumber === trackingNumber;
      return isRecorded ? [] : { rejection: { type: 'already-dispatched' } };
    }
    default:
      return unreachable(state);
  }
}

/** Goods on their way arrive or come back, whichever is first, recalled or not. */
function end(state: ShipmentState, as: 'delivered' | 'returned', eventWith: (lines: readonly Line[]) => ShipmentEvent): ShipmentDecision {
  switch (state.status) {
    case 'none':
      return { rejection: { type: 'unknown-shipment' } };
    case 'scheduled':
      return { rejection: { type: 'not-dispatched' } };
    case 'cancelled':
      return { rejection: { type: 'already-cancelled' } };
    case 'dispatched':
    case 'recalled':
      return [eventWith(state.lines)];
    case 'delivered':
      return as === 'delivered' ? [] : { rejection: { type: 'already-delivered' } };
    case 'returned':
      return as === 'returned' ? [] : { rejection: { type: 'already-returned' } };
    default:
      return unreachable(state);
  }
}

/** A request that comes too late does not change what has ended. */
function cancelOrRecall({ orderId, at }: ShipmentCommand, state: Scheduled): ShipmentDecision {
  switch (state.status) {
    case 'scheduled':
      return [cancelled(orderId, 'CUSTOMER', at)];
    case 'dispatched':
      return [{ type: 'ShipmentRecalled', data: { orderId, recalledAt: at } }];
    case 'recalled':
    case 'delivered':
    case 'returned':
    case 'cancelled':
      return [];
    default:
      return unreachable(state);
  }
}

function cancelled(orderId: string, reason: CancellationReason, at: string): ShipmentEvent {
  return { type: 'ShipmentCancelled', data: { orderId, reason, cancelledAt: at } };
}

type Scheduled = Exclude<ShipmentState, { readonly status: 'none' }>;

/** No cancellation comes earlier: the order's own partition brings OrderPaid first, and a deadline starts with the schedule. */
function scheduledOnce({ type, orderId }: ShipmentCommand, state: ShipmentState): Scheduled {
  if (state.status === 'none') throw new Error(`${type}: no shipment was ever scheduled for order ${orderId}`);
  return state;
}

function onItsWay(state: ShipmentState): Extract<ShipmentState, { readonly status: 'dispatched' | 'recalled' }> {
  if (state.status !== 'dispatched' && state.status !== 'recalled') throw new Error(`${state.status} goods are not on their way`);
  return state;
}
