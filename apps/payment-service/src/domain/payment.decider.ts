import type { EventOf, Money } from '@orderstream/contracts';
import type { Decider } from '@orderstream/event-sourcing';

export type PaymentCommand =
  | {
      readonly type: 'RequestPayment';
      readonly orderId: string;
      readonly customerId: string;
      readonly amount: Money;
      readonly paymentMethod: string;
      readonly at: string;
    }
  | {
      readonly type: 'RecordAuthorisation';
      readonly orderId: string;
      readonly amount: Money;
      /** The provider's id. */
      readonly authorisationId: string;
      readonly at: string;
    }
  | { readonly type: 'RecordDecline'; readonly orderId: string; readonly reason: string; readonly at: string }
  | {
      readonly type: 'RecordCapture';
      readonly orderId: string;
      readonly amount: Money;
      /** The provider's id. */
      readonly captureId: string;
      readonly at: string;
    }
  | {
      readonly type: 'RecordCaptureFailure';
      readonly orderId: string;
      readonly amount: Money;
      readonly reason: string;
      readonly at: string;
    };

export type PaymentEvent = EventOf<'payment'>;

export type PaymentState =
  | { readonly status: 'none' }
  | { readonly status: 'requested'; readonly amount: Money }
  | { readonly status: 'authorised'; readonly amount: Money; readonly authorisationId: string }
  | { readonly status: 'declined'; readonly reason: string }
  | { readonly status: 'captured'; readonly authorisationId: string; readonly captureId: string }
  | { readonly status: 'capture-failed'; readonly authorisationId: string; readonly reason: string };

/**
 * Nobody asks the provider on behalf of anybody: every command is made by the worker that has
 * its answer in hand, so none is refused. An answer that contradicts an earlier one is a defect.
 */
export const paymentDecider: Decider<PaymentState, PaymentCommand, PaymentEvent, never> = {
  category: 'payment',
  initialState: { status: 'none' },

  decide(command, state) {
    const { orderId, at } = command;
    switch (command.type) {
      case 'RequestPayment': {
        const { customerId, amount, paymentMethod } = command;
        if (state.status !== 'none') return [];
        return [{ type: 'PaymentRequested', data: { orderId, customerId, amount, paymentMethod, requestedAt: at } }];
      }
      case 'RecordAuthorisation': {
        const { amount, authorisationId } = command;
        if ('authorisationId' in state && state.authorisationId === authorisationId) return [];
        if (state.status !== 'requested') throw contradiction(command, state);
        return [{ type: 'PaymentAuthorised', data: { orderId, amount, authorisationId, authorisedAt: at } }];
      }
      case 'RecordDecline':
        if (state.status === 'declined') return [];
        if (state.status !== 'requested') throw contradiction(command, state);
        return [{ type: 'PaymentDeclined', data: { orderId, reason: command.reason, declinedAt: at } }];
      case 'RecordCapture': {
        const { amount, captureId } = command;
        if (state.status === 'captured' && state.captureId === captureId) return [];
        if (state.status !== 'authorised') throw contradiction(command, state);
        return [{ type: 'PaymentCaptured', data: { orderId, amount, captureId, capturedAt: at } }];
      }
      case 'RecordCaptureFailure': {
        const { amount, reason } = command;
        if (state.status === 'capture-failed') return [];
        if (state.status !== 'authorised') throw contradiction(command, state);
        return [{ type: 'PaymentCaptureFailed', data: { orderId, amount, reason, failedAt: at } }];
      }
      default:
        return command satisfies never;
    }
  },

  evolve(state, event) {
    switch (event.type) {
      case 'PaymentRequested':
        return { status: 'requested', amount: event.data.amount };
      case 'PaymentAuthorised':
        return { status: 'authorised', amount: event.data.amount, authorisationId: event.data.authorisationId };
      case 'PaymentDeclined':
        return { status: 'declined', reason: event.data.reason };
      case 'PaymentCaptured':
        return { status: 'captured', authorisationId: authorisationOf(state), captureId: event.data.captureId };
      case 'PaymentCaptureFailed':
        return { status: 'capture-failed', authorisationId: authorisationOf(state), reason: event.data.reason };
      default:
        return event satisfies never;
    }
  },
};

function authorisationOf(state: PaymentState): string {
  if (state.status !== 'authorised') throw new Error(`a payment that is ${state.status} can't have been captured`);
  return state.authorisationId;
}

function contradiction({ type, orderId }: PaymentCommand, { status }: PaymentState): Error {
  return new Error(`${type} contradicts what is known of payment ${orderId}: it is ${status}`);
}
