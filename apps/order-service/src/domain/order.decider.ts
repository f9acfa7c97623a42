import type { EventOf, Money, OrderLine, OrderPlaced } from '@orderstream/contracts';
import { type Decider, type Decision, unreachable } from '@orderstream/event-sourcing';

export type OrderEvent = EventOf<'order'>;

export type RejectionReason = 'OUT_OF_STOCK' | 'PAYMENT_DECLINED';

export type CancellationReason = 'CUSTOMER' | 'DISPATCH_DEADLINE' | 'RETURNED';

/** How far an order was when it was cancelled. */
export type CancellationStage = 'placed' | 'accepted' | 'paid' | 'shipped';

/**
 * `at` is when it happened, ISO-8601 UTC. The customer places, changes the address and cancels;
 * everything else is what other services have found.
 */
export type OrderCommand =
  | {
      readonly type: 'PlaceOrder';
      readonly orderId: string;
      readonly customerId: string;
      /** With the prices that the customer is to pay, all in one currency. */
      readonly lines: readonly OrderLine[];
      readonly paymentMethod: string;
      /** Name and address, sealed. */
      readonly recipient: string;
      readonly at: string;
    }
  | { readonly type: 'ChangeShippingAddress'; readonly recipient: string; readonly at: string }
  | { readonly type: 'CancelOrder'; readonly at: string }
  | { readonly type: 'AcceptOrder'; readonly at: string }
  | { readonly type: 'RejectOrder'; readonly reason: RejectionReason; readonly detail: string; readonly at: string }
  | { readonly type: 'MarkOrderPaid'; readonly at: string }
  | { readonly type: 'MarkOrderShipped'; readonly carrier: string; readonly trackingNumber: string; readonly at: string }
  | { readonly type: 'MarkOrderDelivered'; readonly at: string }
  | { readonly type: 'MarkOrderCancelled'; readonly reason: CancellationReason; readonly at: string };

type Command<Type extends OrderCommand['type']> = Extract<OrderCommand, { readonly type: Type }>;

/** Only what the customer asks can be refused. */
export type OrderRejection =
  | { readonly type: 'total-too-large' }
  | { readonly type: 'order-paid' }
  | { readonly type: 'order-delivered' }
  | { readonly type: 'order-rejected' }
  | { readonly type: 'order-cancelled' };

/** `order` is what was placed, with the recipient as last changed. */
type KnownOrder =
  | { readonly status: 'placed' | 'accepted'; readonly order: OrderPlaced }
  | {
      readonly status: 'paid' | 'shipped' | 'delivered';
      readonly order: OrderPlaced;
      /** The customer wants to cancel, and the shipment is to say whether that came in time. */
      readonly cancellationRequested: boolean;
    }
  | { readonly status: 'rejected'; readonly order: OrderPlaced; readonly reason: RejectionReason }
  | {
      readonly status: 'cancelled';
      readonly order: OrderPlaced;
      readonly stage: CancellationStage;
      readonly reason: CancellationReason;
    };

export type OrderState = { readonly status: 'none' } | KnownOrder;

export type OrderStatus = KnownOrder['status'];

type OrderDecision = Decision<OrderEvent, OrderRejection>;

/** Minor units. Far enough below 2^53, beyond which numbers are not exact, that a day's sales can be added up. */
const LARGEST_TOTAL = 10_000_000_000_000;

export const orderDecider: Decider<OrderState, OrderCommand, OrderEvent, OrderRejection> = {
  category: 'order',
  initialState: { status: 'none' },
  decide,
  evolve,
};

function decide(command: OrderCommand, state: OrderState): OrderDecision {
  if (command.type === 'PlaceOrder') return state.status === 'none' ? place(command) : [];
  if (state.status === 'none') throw new Error(`${command.type}: there is no such order`);
  switch (command.type) {
    case 'ChangeShippingAddress':
      return changeAddress(command, state);
    case 'CancelOrder':
      return cancel(command, state);
    case 'AcceptOrder':
      return accept(command, state);
    case 'RejectOrder':
      return reject(command, state);
    case 'MarkOrderPaid':
      return markPaid(command, state);
    case 'MarkOrderShipped':
      return markShipped(command, state);
    case 'MarkOrderDelivered':
      return markDelivered(command, state);
    case 'MarkOrderCancelled':
      return markCancelled(command, state);
    default:
      return unreachable(command);
  }
}

function place(command: Command<'PlaceOrder'>): OrderDecision {
  const { orderId, customerId, lines, paymentMethod, recipient, at: placedAt } = command;
  const total = totalOf(lines);
  if (total.amount > LARGEST_TOTAL) return { rejection: { type: 'total-too-large' } };
  return [{ type: 'OrderPlaced', data: { orderId, customerId, lines, total, paymentMethod, recipient, placedAt } }];
}

function totalOf(lines: readonly OrderLine[]): Money {
  const currencies = new Set(lines.map((line) => line.unitPrice.currency));
  const [currency] = currencies;
  if (currency === undefined || currencies.size > 1) throw new Error('the lines of an order have one currency');
  return { amount: lines.reduce((sum, { quantity, unitPrice }) => sum + quantity * unitPrice.amount, 0), currency };
}

/** OrderPaid tells the warehouse where the goods go: from then on nobody reads another address. */
function changeAddress({ recipient, at: changedAt }: Command<'ChangeShippingAddress'>, state: KnownOrder): OrderDecision {
  const { orderId, recipient: recorded } = state.order;
  switch (state.status) {
    case 'placed':
    case 'accepted':
      return recipient === recorded ? [] : [{ type: 'ShippingAddressChanged', data: { orderId, recipient, changedAt } }];
    case 'paid':
    case 'shipped':
    case 'delivered':
      return { rejection: { type: 'order-paid' } };
    case 'rejected':
      return { rejection: { type: 'order-rejected' } };
    case 'cancelled':
      return { rejection: { type: 'order-cancelled' } };
    default:
      return unreachable(state);
  }
}

/** Up to the payment the order itself decides; from then on its shipment does, and this only asks it. */
function cancel({ at }: Command<'CancelOrder'>, state: KnownOrder): OrderDecision {
  const { orderId } = state.order;
  switch (state.status) {
    case 'placed':
    case 'accepted':
      return [cancelled(orderId, 'CUSTOMER', state.status, at)];
    case 'paid':
    case 'shipped':
      return state.cancellationRequested ? [] : [{ type: 'OrderCancellationRequested', data: { orderId, requestedAt: at } }];
    case 'delivered':
      return { rejection: { type: 'order-delivered' } };
    case 'rejected':
      return { rejection: { type: 'order-rejected' } };
    case 'cancelled':
      return [];
    default:
      return unreachable(state);
  }
}

/**
 * What other services have found is recorded once, here and below. And not at all when it comes late: before the payment a
 * customer's cancellation waits for nobody, so the answer that the order was waiting for may still be on its way.
 */
function accept(command: Command<'AcceptOrder'>, state: KnownOrder): OrderDecision {
  switch (state.status) {
    case 'placed': {
      const { orderId, customerId, total, paymentMethod } = state.order;
      return [{ type: 'OrderAccepted', data: { orderId, customerId, total, paymentMethod, acceptedAt: command.at } }];
    }
    case 'accepted':
    case 'paid':
    case 'shipped':
    case 'delivered':
    case 'cancelled':
      return [];
    case 'rejected':
      return state.reason === 'PAYMENT_DECLINED' ? [] : impossible(command, state);
    default:
      return unreachable(state);
  }
}

function markPaid(command: Command<'MarkOrderPaid'>, state: KnownOrder): OrderDecision {
  switch (state.status) {
    case 'accepted': {
      const { orderId, customerId, recipient } = state.order;
      const lines = state.order.lines.map(({ sku, quantity }) => ({ sku, quantity }));
      return [{ type: 'OrderPaid', data: { orderId, customerId, lines, recipient, paidAt: command.at } }];
    }
    case 'paid':
    case 'shipped':
    case 'delivered':
      return [];
    case 'cancelled':
      return state.stage === 'placed' ? impossible(command, state) : [];
    case 'placed':
    case 'rejected':
      return impossible(command, state);
    default:
      return unreachable(state);
  }
}

function markShipped(command: Command<'MarkOrderShipped'>, state: KnownOrder): OrderDecision {
  const { carrier, trackingNumber, at: shippedAt } = command;
  const { orderId } = state.order;
  if (state.status === 'paid') return [{ type: 'OrderShipped', data: { orderId, carrier, trackingNumber, shippedAt } }];
  const cameBack = state.status === 'cancelled' && state.stage === 'shipped';
  return state.status === 'shipped' || state.status === 'delivered' || cameBack ? [] : impossible(command, state);
}

function markDelivered(command: Command<'MarkOrderDelivered'>, state: KnownOrder): OrderDecision {
  const { orderId } = state.order;
  if (state.status === 'shipped') return [{ type: 'OrderDelivered', data: { orderId, deliveredAt: command.at } }];
  return state.status === 'delivered' ? [] : impossible(command, state);
}

/** Where an order stands while it may still be rejected for that reason. */
const undecidedBefore = { OUT_OF_STOCK: 'placed', PAYMENT_DECLINED: 'accepted' } as const;

function reject(command: Command<'RejectOrder'>, state: KnownOrder): OrderDecision {
  const { reason, detail, at: rejectedAt } = command;
  const undecided = undecidedBefore[reason];
  if (state.status === undecided) return [{ type: 'OrderRejected', data: { orderId: state.order.orderId, reason, detail, rejectedAt } }];
  const isRecorded = state.status === 'rejected' && state.reason === reason;
  const isLate = state.status === 'cancelled' && state.stage === undecided;
  return isRecorded || isLate ? [] : impossible(command, state);
}

/** Where an order stands when its shipment ends it. */
const endsFrom = { CUSTOMER: 'paid', DISPATCH_DEADLINE: 'paid', RETURNED: 'shipped' } as const;

function markCancelled(command: Command<'MarkOrderCancelled'>, state: KnownOrder): OrderDecision {
  const { reason, at } = command;
  const stage = endsFrom[reason];
  if (state.status === stage) {
    if (reason === 'CUSTOMER' && !state.cancellationRequested) impossible(command, state);
    return [cancelled(state.order.orderId, reason, stage, at)];
  }
  const isRecorded = state.status === 'cancelled' && state.stage === stage && state.reason === reason;
  return isRecorded ? [] : impossible(command, state);
}

const cancellationDetail: Readonly<Record<CancellationReason, string>> = {
  CUSTOMER: 'Cancelled by the customer',
  DISPATCH_DEADLINE: 'Could not be sent in time',
  RETURNED: 'The goods came back',
};

function cancelled(orderId: string, reason: CancellationReason, stage: CancellationStage, cancelledAt: string): OrderEvent {
  return { type: 'OrderCancelled', data: { orderId, reason, detail: cancellationDetail[reason], stage, cancelledAt } };
}

/** Each event follows from one that the order has recorded; when that is missing, something is broken, and guessing would make it worse. */
function impossible(command: OrderCommand, state: OrderState): never {
  throw new Error(`${command.type} can not come to an order that is ${state.status}`);
}

function evolve(state: OrderState, event: OrderEvent): OrderState {
  if (event.type === 'OrderPlaced') return { status: 'placed', order: event.data };
  if (state.status === 'none') throw new Error(`${event.type} is the first event of an order`);
  const { order } = state;
  const cancellationRequested = 'cancellationRequested' in state && state.cancellationRequested;
  switch (event.type) {
    case 'ShippingAddressChanged':
      return { ...state, order: { ...order, recipient: event.data.recipient } };
    case 'OrderAccepted':
      return { status: 'accepted', order };
    case 'OrderPaid':
      return { status: 'paid', order, cancellationRequested };
    case 'OrderCancellationRequested':
      if (state.status !== 'paid' && state.status !== 'shipped')
        throw new Error(`a shipment can't answer for an order that is ${state.status}`);
      return { ...state, cancellationRequested: true };
    case 'OrderShipped':
      return { status: 'shipped', order, cancellationRequested };
    case 'OrderDelivered':
      return { status: 'delivered', order, cancellationRequested };
    case 'OrderRejected':
      return { status: 'rejected', order, reason: event.data.reason as RejectionReason };
    case 'OrderCancelled': {
      const { stage, reason } = event.data;
      return { status: 'cancelled', order, stage: stage as CancellationStage, reason: reason as CancellationReason };
    }
    default:
      return unreachable(event);
  }
}
