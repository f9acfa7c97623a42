import type { EventOf, Money } from '@orderstream/contracts';
import { type Decider, unreachable } from '@orderstream/event-sourcing';

/** Why nobody waits any longer for the provider's answer: it took too long, or the order was cancelled meanwhile. */
export const GIVE_UP_REASONS = ['deadline', 'cancelled'] as const;
export type GiveUpReason = (typeof GIVE_UP_REASONS)[number];

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
  /** The provider has refused. */
  | { readonly type: 'RecordDecline'; readonly orderId: string; readonly reason: string; readonly at: string }
  /** The provider has not answered, and nobody waits for it any more. */
  | { readonly type: 'GiveUpPayment'; readonly orderId: string; readonly reason: GiveUpReason; readonly at: string }
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
    }
  | {
      readonly type: 'RecordVoid';
      readonly orderId: string;
      /** What was released. */
      readonly amount: Money;
      /** The provider's id. */
      readonly voidId: string;
      readonly at: string;
    }
  | {
      readonly type: 'RecordRefund';
      readonly orderId: string;
      readonly amount: Money;
      /** The provider's id. */
      readonly refundId: string;
      readonly at: string;
    };

export type PaymentEvent = EventOf<'payment'>;

export type PaymentState =
  | { readonly status: 'none' }
  | { readonly status: 'requested'; readonly amount: Money }
  | { readonly status: 'authorised'; readonly amount: Money; readonly authorisationId: string }
  | { readonly status: 'declined'; readonly reason: string }
  | { readonly status: 'captured'; readonly amount: Money; readonly authorisationId: string; readonly captureId: string }
  | { readonly status: 'capture-failed'; readonly amount: Money; readonly authorisationId: string; readonly reason: string }
  | {
      readonly status: 'voided';
      readonly authorisationId: string;
      readonly voidId: string;
      /** Whether it was voided because its capture had failed for good. */
      readonly captureFailed: boolean;
    }
  | { readonly status: 'refunded'; readonly authorisationId: string; readonly captureId: string; readonly refundId: string };

/**
 * Every command records an answer that the worker has got from the provider, so none is refused. An answer that
 * contradicts an earlier one is a defect.
 */
export const paymentDecider: Decider<PaymentState, PaymentCommand, PaymentEvent, never> = {
  category: 'payment',
  initialState: { status: 'none' },

  decide(command, state) {
    switch (command.type) {
      case 'RequestPayment': {
        const { orderId, customerId, amount, paymentMethod, at } = command;
        if (state.status !== 'none') return [];
        return [{ type: 'PaymentRequested', data: { orderId, customerId, amount, paymentMethod, requestedAt: at } }];
      }
      case 'RecordAuthorisation':
      case 'RecordDecline':
      case 'GiveUpPayment':
        return decideOutcome(command, state);
      case 'RecordCapture':
      case 'RecordCaptureFailure':
        return decideCapture(command, state);
      case 'RecordVoid': {
        const { orderId, amount, voidId, at } = command;
        if (state.status === 'voided') return [];
        if (state.status !== 'authorised' && state.status !== 'capture-failed') throw contradiction(command, state);
        if (!isSame(amount, state.amount)) throw contradiction(command, state);
        return [{ type: 'PaymentVoided', data: { orderId, amount, voidId, voidedAt: at } }];
      }
      case 'RecordRefund': {
        const { orderId, amount, refundId, at } = command;
        if (state.status === 'refunded' && state.refundId === refundId) return [];
        if (state.status !== 'captured' || !isSame(amount, state.amount)) throw contradiction(command, state);
        return [{ type: 'PaymentRefunded', data: { orderId, amount, refundId, refundedAt: at } }];
      }
      default:
        return unreachable(command);
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
      case 'PaymentCaptured': {
        const { amount, captureId } = event.data;
        if (state.status !== 'authorised') throw impossible(event, state);
        return { status: 'captured', amount, authorisationId: state.authorisationId, captureId };
      }
      case 'PaymentCaptureFailed': {
        const { reason } = event.data;
        if (state.status !== 'authorised') throw impossible(event, state);
        return { status: 'capture-failed', amount: state.amount, authorisationId: state.authorisationId, reason };
      }
      case 'PaymentVoided': {
        const { voidId } = event.data;
        if (state.status !== 'authorised' && state.status !== 'capture-failed') throw impossible(event, state);
        const captureFailed = state.status === 'capture-failed';
        return { status: 'voided', authorisationId: state.authorisationId, voidId, captureFailed };
      }
      case 'PaymentRefunded': {
        const { refundId } = event.data;
        if (state.status !== 'captured') throw impossible(event, state);
        return { status: 'refunded', authorisationId: state.authorisationId, captureId: state.captureId, refundId };
      }
      default:
        return unreachable(event);
    }
  },
};

/** Whether we declined the payment and not the provider, who may then hold the money, now or later. */
export function isGivenUp(state: PaymentState): boolean {
  return state.status === 'declined' && isGiveUpReason(state.reason);
}

type Outcome = Extract<PaymentCommand, { type: 'RecordAuthorisation' | 'RecordDecline' | 'GiveUpPayment' }>;

/** The first answer counts; only an authorisation that is unknown here contradicts it. */
function decideOutcome(command: Outcome, state: PaymentState): readonly PaymentEvent[] {
  const { orderId, at } = command;
  switch (command.type) {
    case 'RecordAuthorisation': {
      const { amount, authorisationId } = command;
      // It came too late: the void under its key leaves nothing held.
      if (isGivenUp(state)) return [];
      if ('amount' in state && !isSame(amount, state.amount)) throw contradiction(command, state);
      if ('authorisationId' in state && state.authorisationId === authorisationId) return [];
      if (state.status !== 'requested') throw contradiction(command, state);
      return [{ type: 'PaymentAuthorised', data: { orderId, amount, authorisationId, authorisedAt: at } }];
    }
    case 'RecordDecline':
      if (state.status === 'declined') return [];
      if (state.status !== 'requested') throw contradiction(command, state);
      return [{ type: 'PaymentDeclined', data: { orderId, reason: refusalText(command.reason), declinedAt: at } }];
    case 'GiveUpPayment':
      if (state.status === 'none') throw contradiction(command, state);
      if (state.status !== 'requested') return [];
      return [{ type: 'PaymentDeclined', data: { orderId, reason: command.reason, declinedAt: at } }];
    default:
      return unreachable(command);
  }
}

function decideCapture(
  command: Extract<PaymentCommand, { type: 'RecordCapture' | 'RecordCaptureFailure' }>,
  state: PaymentState,
): readonly PaymentEvent[] {
  const { orderId, amount, at } = command;
  switch (command.type) {
    case 'RecordCapture': {
      const { captureId } = command;
      if ('amount' in state && !isSame(amount, state.amount)) throw contradiction(command, state);
      if ('captureId' in state && state.captureId === captureId) return [];
      if (state.status !== 'authorised') throw contradiction(command, state);
      return [{ type: 'PaymentCaptured', data: { orderId, amount, captureId, capturedAt: at } }];
    }
    case 'RecordCaptureFailure': {
      if (state.status === 'capture-failed' || (state.status === 'voided' && state.captureFailed)) return [];
      if (state.status !== 'authorised') throw contradiction(command, state);
      return [{ type: 'PaymentCaptureFailed', data: { orderId, amount, reason: command.reason, failedAt: at } }];
    }
    default:
      return unreachable(command);
  }
}

function isGiveUpReason(reason: string): boolean {
  return GIVE_UP_REASONS.some((ours) => ours === reason);
}

/** The event has one field for the reason, whoever declined: the provider's text must never read like our own. */
function refusalText(reason: string): string {
  return isGiveUpReason(reason) ? `provider: ${reason}` : reason;
}

function isSame(a: Money, b: Money): boolean {
  return a.amount === b.amount && a.currency === b.currency;
}

function contradiction(command: PaymentCommand, state: PaymentState): Error {
  const differ = 'amount' in command && 'amount' in state && !isSame(command.amount, state.amount);
  const amounts = differ ? ` with ${textOf(state.amount)}, not ${textOf(command.amount)}` : '';
  return new Error(`${command.type} contradicts what is known of payment ${command.orderId}: it is ${state.status}${amounts}`);
}

function textOf({ amount, currency }: Money): string {
  return `${amount} ${currency}`;
}

function impossible(event: PaymentEvent, { status }: PaymentState): Error {
  return new Error(`${event.type} can't follow in payment ${event.data.orderId}, which is ${status}`);
}
