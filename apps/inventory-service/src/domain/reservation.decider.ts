import type { EventOf, Line } from '@orderstream/contracts';
import { type Decider, unreachable } from '@orderstream/event-sourcing';

export type ReservationCommand =
  | { readonly type: 'ConfirmReservation'; readonly orderId: string; readonly lines: readonly Line[]; readonly at: string }
  | { readonly type: 'RejectReservation'; readonly orderId: string; readonly shortSkus: readonly string[]; readonly at: string }
  | { readonly type: 'ReleaseReservation'; readonly orderId: string; readonly at: string }
  | { readonly type: 'FulfilReservation'; readonly orderId: string; readonly at: string }
  | { readonly type: 'ReturnReservation'; readonly orderId: string; readonly at: string };

export type ReservationEvent = EventOf<'reservation'>;

export type ReservationState =
  | { readonly status: 'none' }
  | { readonly status: 'confirmed'; readonly lines: readonly Line[] }
  | { readonly status: 'rejected' }
  | { readonly status: 'released'; readonly lines: readonly Line[] }
  | { readonly status: 'fulfilled'; readonly lines: readonly Line[] }
  | { readonly status: 'returned'; readonly lines: readonly Line[] };

/**
 * The commit point of an order's reservation over all its lines. The first outcome stands: whoever
 * comes with another one (a slower attempt at the same order) is answered with nothing to record.
 */
export const reservationDecider: Decider<ReservationState, ReservationCommand, ReservationEvent, never> = {
  category: 'reservation',
  initialState: { status: 'none' },

  decide(command, state) {
    const { orderId, at } = command;
    switch (command.type) {
      case 'ConfirmReservation': {
        const { lines } = command;
        return state.status === 'none' ? [{ type: 'ReservationConfirmed', data: { orderId, lines, confirmedAt: at } }] : [];
      }
      case 'RejectReservation': {
        const { shortSkus } = command;
        return state.status === 'none' ? [{ type: 'ReservationRejected', data: { orderId, shortSkus, rejectedAt: at } }] : [];
      }
      case 'ReleaseReservation':
        if (state.status === 'rejected' || state.status === 'released') return [];
        // The order's own partition brings OrderPlaced first, and goods that left are compensated by their shipment.
        if (state.status !== 'confirmed') throw new Error(`reservation ${orderId} can't be released: it is ${state.status}`);
        return [{ type: 'ReservationReleased', data: { orderId, lines: state.lines, releasedAt: at } }];
      case 'FulfilReservation':
        if (state.status === 'fulfilled' || state.status === 'returned') return [];
        if (state.status !== 'confirmed') throw new Error(`reservation ${orderId} can't be fulfilled: it is ${state.status}`);
        return [{ type: 'ReservationFulfilled', data: { orderId, lines: state.lines, fulfilledAt: at } }];
      case 'ReturnReservation':
        if (state.status === 'returned') return [];
        // The shipment's own partition brings ShipmentDispatched first.
        if (state.status !== 'fulfilled') throw new Error(`reservation ${orderId} can't be returned: it is ${state.status}`);
        return [{ type: 'ReservationReturned', data: { orderId, lines: state.lines, returnedAt: at } }];
      default:
        return unreachable(command);
    }
  },

  evolve(_state, event) {
    switch (event.type) {
      case 'ReservationConfirmed':
        return { status: 'confirmed', lines: event.data.lines };
      case 'ReservationRejected':
        return { status: 'rejected' };
      case 'ReservationReleased':
        return { status: 'released', lines: event.data.lines };
      case 'ReservationFulfilled':
        return { status: 'fulfilled', lines: event.data.lines };
      case 'ReservationReturned':
        return { status: 'returned', lines: event.data.lines };
      default:
        return unreachable(event);
    }
  },
};
