import type { EventOf, Money, OrderLine, OrderPlaced } from '@orderstream/contracts';
import type { Decider, Decision } from '@orderstream/event-sourcing';

export type OrderEvent = EventOf<'order'>;

/** Why an order ended without being delivered. */
export type RejectionReason = 'OUT_OF_STOCK' | 'PAYMENT_DECLINED';

/** `at` is when it happened, ISO-8601 UTC. The customer places; everything else is what other services have found. */
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
  | { readonly type: 'AcceptOrder'; readonly at: string }
  | { readonly type: 'RejectOrder'; readonly reason: RejectionReason; readonly detail: string; readonly at: string }
  | { readonly type: 'MarkOrderPaid'; readonly at: string }
  | { readonly type: 'MarkOrderShipped'; readonly carrier: string; readonly trackingNumber: string; readonly at: string }
  | { readonly type: 'MarkOrderDelivered'; readonly at: string };

export type OrderRejection = { readonly type: 'total-too-large' };

export type OrderState =
  | { readonly status: 'none' }
  | { readonly status: 'placed' | 'accepted' | 'paid' | 'shipped' | 'delivered'; readonly order: OrderPlaced }
  | { readonly status: 'rejected'; readonly order: OrderPlaced; readonly reason: RejectionReason };

export type OrderStatus = Exclude<OrderState['status'], 'none'>;

export const orderDecider: Decider<OrderState, OrderCommand, OrderEvent, OrderRejection> = {
  category: 'order',
  initialState: { status: 'none' },
  decide,
  evolve,
};

function decide(command: OrderCommand, state: OrderState): Decision<OrderEvent, OrderRejection> {
  if (command.type === 'PlaceOrder') return state.status === 'none' ? place(command) : [];
  if (state.status === 'none') throw new Error(`${command.type}: there is no such order`);
  const { orderId, customerId, lines, total, paymentMethod, recipient } = state.order;
  const { at } = command;
  switch (command.type) {
    case 'AcceptOrder':
      if (state.status === 'placed') {
        return [{ type: 'OrderAccepted', data: { orderId, customerId, total, paymentMethod, acceptedAt: at } }];
      }
      return wasAccepted(state) ? [] : impossible(command, state);
    case 'RejectOrder':
      if (state.status === undecidedBefore[command.reason]) {
        const { reason, detail } = command;
        return [{ type: 'OrderRejected', data: { orderId, reason, detail, rejectedAt: at } }];
      }
      return state.status === 'rejected' && state.reason === command.reason ? [] : impossible(command, state);
    case 'MarkOrderPaid':
      if (state.status === 'accepted') {
        const quantities = lines.map(({ sku, quantity }) => ({ sku, quantity }));
        return [{ type: 'OrderPaid', data: { orderId, customerId, lines: quantities, recipient, paidAt: at } }];
      }
      return reached(state, 'paid') ? [] : impossible(command, state);
    case 'MarkOrderShipped':
      if (state.status === 'paid') {
        const { carrier, trackingNumber } = command;
        return [{ type: 'OrderShipped', data: { orderId, carrier, trackingNumber, shippedAt: at } }];
      }
      return reached(state, 'shipped') ? [] : impossible(command, state);
    case 'MarkOrderDelivered':
      if (state.status === 'shipped') return [{ type: 'OrderDelivered', data: { orderId, deliveredAt: at } }];
      return reached(state, 'delivered') ? [] : impossible(command, state);
    default:
      return command satisfies never;
  }
}

function evolve(state: OrderState, event: OrderEvent): OrderState {
  if (event.type === 'OrderPlaced') return { status: 'placed', order: event.data };
  if (state.status === 'none') throw new Error(`${event.type} is the first event of an order`);
  const { order } = state;
  switch (event.type) {
    case 'OrderAccepted':
      return { status: 'accepted', order };
    case 'OrderPaid':
      return { status: 'paid', order };
    case 'OrderShipped':
      return { status: 'shipped', order };
    case 'OrderDelivered':
      return { status: 'delivered', order };
    case 'OrderRejected':
      return { status: 'rejected', order, reason: event.data.reason as RejectionReason };
    default:
      return event satisfies never;
  }
}

function place(command: Extract<OrderCommand, { type: 'PlaceOrder' }>): Decision<OrderEvent, OrderRejection> {
  const { orderId, customerId, lines, paymentMethod, recipient, at: placedAt } = command;
  const total = totalOf(lines);
  if (!Number.isSafeInteger(total.amount)) return { rejection: { type: 'total-too-large' } };
  return [{ type: 'OrderPlaced', data: { orderId, customerId, lines, total, paymentMethod, recipient, placedAt } }];
}

function totalOf(lines: readonly OrderLine[]): Money {
  const currencies = new Set(lines.map((line) => line.unitPrice.currency));
  const [currency] = currencies;
  if (currency === undefined || currencies.size > 1) throw new Error('the lines of an order have one currency');
  return { amount: lines.reduce((sum, { quantity, unitPrice }) => sum + quantity * unitPrice.amount, 0), currency };
}

/** Where an order stands while the question that may end it is open. */
const undecidedBefore = { OUT_OF_STOCK: 'placed', PAYMENT_DECLINED: 'accepted' } as const;

const course: readonly OrderState['status'][] = ['none', 'placed', 'accepted', 'paid', 'shipped', 'delivered'];

function reached(state: OrderState, status: OrderStatus): boolean {
  return course.indexOf(state.status) >= course.indexOf(status);
}

function wasAccepted(state: OrderState): boolean {
  return state.status === 'rejected' ? state.reason === 'PAYMENT_DECLINED' : reached(state, 'accepted');
}

/** Each fact has one cause, which the order has recorded: when it has not, something is broken, and nobody may guess. */
function impossible(command: OrderCommand, state: OrderState): never {
  throw new Error(`${command.type} can not come to an order that is ${state.status}`);
}
